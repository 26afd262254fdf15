package main

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestServiceRunsWhatItsStaffCan(t *testing.T) {
	const second = 10 // the callers try for so long
	for name, test := range map[string]struct {
		callers     int           // who come again at once when they are served
		rest        time.Duration // and after this when they are refused
		staff       int
		least, most int64 // orders run
	}{
		"as many as there is room for":   {callers: 2 * fullStaff, staff: fullStaff, least: 100 * second, most: 100*second + 2*fullStaff},
		"half of the staff":              {callers: fullStaff, staff: fullStaff / 2, least: 50 * second, most: 50*second + fullStaff},
		"few callers":                    {callers: 3, staff: fullStaff, least: 30 * second, most: 30*second + 3},
		"refusals cost":                  {callers: 60, rest: 200 * time.Millisecond, staff: fullStaff, least: 40 * second, most: 65 * second},
		"and too many keep it from work": {callers: 1000, rest: time.Second, staff: fullStaff, least: 0, most: 5 * second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newService()
				s.setStaff(test.staff)
				var ran atomic.Int64
				for i := range test.callers {
					go func() {
						time.Sleep(time.Duration(i) * time.Millisecond)
						for start := time.Now(); time.Since(start) < second*time.Second; {
							if visit(s) {
								ran.Add(1)
							} else {
								time.Sleep(test.rest)
							}
						}
					}()
				}
				time.Sleep((second + 30) * time.Second)
				synctest.Wait()
				if got := ran.Load(); got < test.least || got > test.most {
					t.Errorf("%d orders run, want %d to %d", got, test.least, test.most)
				}
				if s.busy != 0 || s.owed != 0 || len(s.waiting) != 0 {
					t.Errorf("%d busy, %v owed, %d waiting, when nobody comes any more", s.busy, s.owed, len(s.waiting))
				}
			})
		})
	}
}

// visit is one order.
func visit(s *service) bool {
	answer := make(chan bool, 1)
	s.take(func(taken bool) { answer <- taken })
	return <-answer
}

func TestStaffThatReturnsServesThoseWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		s.setStaff(fullStaff / 2)
		var ran atomic.Int64
		for range fullStaff { // half of them wait
			go func() {
				if visit(s) {
					ran.Add(1)
				}
			}()
		}
		synctest.Wait()
		s.setStaff(fullStaff)
		time.Sleep(workTime)
		synctest.Wait()
		if got := ran.Load(); got != fullStaff {
			t.Errorf("%d orders run, want all %d at once", got, fullStaff)
		}
	})
}

func TestCapacity(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		want := func(capacity float64) {
			t.Helper()
			if got := s.capacity(); got != capacity {
				t.Errorf("capacity %v, want %v", got, capacity)
			}
		}
		want(100)
		s.setStaff(fullStaff / 2)
		want(50)
		s.leave(time.Minute)
		want(0)
		time.Sleep(59 * time.Second)
		s.leave(time.Minute) // for longer
		time.Sleep(59 * time.Second)
		want(0)
		time.Sleep(time.Second)
		want(50)
		s.setStaff(fullStaff)
		want(100)
	})
}
