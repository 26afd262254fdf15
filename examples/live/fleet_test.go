package main

import "testing"

// Whatever gets lost, each call is served by one run of its order, and each is counted.
func TestOrdersRunOnce(t *testing.T) {
	without(t)
	s, _ := open(t, "")
	if err := s.callers.add(200, rush); err != nil {
		t.Fatal(err)
	}
	for _, f := range s.fleets {
		until(t, "a response was lost", func() bool { return f.service.prevented.Load() > 0 && f.served.Load() > 30 })
	}
	s.end()
	s.callers.wait()
	for i, f := range s.fleets {
		begun, served, ran, attempts := f.begun.Load(), f.served.Load(), f.service.ran.Load(), f.attempts.Load()
		if f.coming.Load() != 0 || f.waiting() != 0 {
			t.Errorf("fleet %d: %d come and %d wait when all have left", i, f.coming.Load(), f.waiting())
		}
		if served > ran || ran > begun || begun > attempts+f.sentHome.Load() {
			t.Errorf("fleet %d: %d calls, %d attempts, %d orders run, %d served", i, begun, attempts, ran, served)
		}
		if prevented := f.service.prevented.Load(); prevented > attempts-ran {
			t.Errorf("fleet %d: %d duplicates of %d attempts, %d of which ran", i, prevented, attempts, ran)
		}
	}
}
