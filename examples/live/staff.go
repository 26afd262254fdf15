package main

import "time"

// take gives an order to a worker, lets it wait for one, or refuses it.
func (s *service) take(answer func(taken bool)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.busy < s.staff:
		s.busy++
		s.work(answer)
	case len(s.waiting) < s.staff:
		s.waiting = append(s.waiting, answer)
	default:
		answer(false)
		s.owed = min(s.owed+refuseTime, maxOwed)
	}
}

// work is an order in the hands of a worker.
func (s *service) work(answer func(taken bool)) {
	s.after(workTime, func() {
		answer(true)
		s.free()
	})
}

// free is what a worker does who has nothing in hand: leave when there are too many, or
// what refusals owe, or the order that waits longest.
func (s *service) free() {
	switch {
	case s.busy > s.staff:
		s.busy--
	case s.owed > 0:
		part := min(s.owed, refuseTime)
		s.owed -= part
		s.after(part, s.free)
	case len(s.waiting) > 0:
		answer := s.waiting[0]
		s.waiting = s.waiting[1:]
		s.work(answer)
	default:
		s.busy--
	}
}

// after lets a worker go on later.
func (s *service) after(d time.Duration, do func()) {
	time.AfterFunc(d, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		do()
	})
}

// setStaff hires workers or lets them go, when they have done what they have in hand.
func (s *service) setStaff(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.staff = n
	for range s.staff - s.busy {
		s.busy++
		s.free()
	}
}

// leave closes the service's door for a while.
func (s *service) leave(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.back = time.Now().Add(d)
}

// away is how long the outage still lasts, 0 when there is none.
func (s *service) away() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return max(0, time.Until(s.back))
}

// capacity is how many orders per second the service can run now.
func (s *service) capacity() float64 {
	if s.away() > 0 {
		return 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return float64(s.staff) / workTime.Seconds()
}

// halved is whether workers are missing.
func (s *service) halved() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.staff < fullStaff
}
