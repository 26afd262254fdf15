package main

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/transport"
)

// nobody answers no request before its context ends.
func nobody(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// mute is two fleets that are never answered, and their callers.
func mute(ctx context.Context) *callers {
	var fleets [2]*fleet
	for i := range fleets {
		f := &fleet{}
		wire := transport.New(roundTripper(nobody), transport.WithObserver(transport.Observer{Call: f.call}))
		for range processes {
			f.clients = append(f.clients, &http.Client{Transport: wire})
		}
		fleets[i] = f
	}
	return newCallers(ctx, fleets)
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestHerdComesWithinItsRush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := mute(t.Context())
		defer c.wait()
		const herd = 1000
		if err := c.add(herd, rush); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		for _, test := range []struct {
			after       time.Duration
			least, most int64
		}{
			{0, 0, 0}, // nobody waits before coming
			{rush / 2, 400, 600},
			{rush, herd, herd},
		} {
			time.Sleep(time.Until(start.Add(test.after)))
			synctest.Wait()
			for i, f := range c.fleets {
				if n := f.waiting(); n < test.least || n > test.most || n+f.coming.Load() != herd {
					t.Errorf("fleet %d: %d wait and %d come after %v, want %d to %d", i, n, f.coming.Load(), test.after, test.least, test.most)
				}
			}
			if a, b := c.fleets[jitter].waiting(), c.fleets[slots].waiting(); a != b {
				t.Errorf("after %v, %d wait in one fleet and %d in the other", test.after, a, b)
			}
		}
	})
}

func TestCallersLeave(t *testing.T) {
	for name, test := range map[string]struct {
		leave            func(c *callers, end context.CancelFunc)
		gaveUp, sentHome int64
	}{
		"out of patience": {func(*callers, context.CancelFunc) { time.Sleep(patience) }, 10, 0},
		"sent home":       {func(c *callers, _ context.CancelFunc) { c.sendHome() }, 0, 10},
		"at the end":      {func(_ *callers, end context.CancelFunc) { end() }, 0, 10},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				c := mute(ctx)
				if err := c.add(10, 0); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Second)
				test.leave(c, cancel)
				synctest.Wait()
				for i, f := range c.fleets {
					if f.waiting() != 0 || f.gaveUp.Load() != test.gaveUp || f.sentHome.Load() != test.sentHome {
						t.Errorf("fleet %d: %d wait, %d gave up, %d were sent home", i, f.waiting(), f.gaveUp.Load(), f.sentHome.Load())
					}
				}
				c.wait()
				if err := c.add(1, 0); !errors.Is(err, context.Canceled) {
					t.Errorf("one more: %v", err)
				}
			})
		})
	}
}

// Those who are about to come stay at home, and others may come.
func TestSentHomeBeforeTheyCame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := mute(t.Context())
		defer c.wait()
		if err := c.add(10, rush); err != nil {
			t.Fatal(err)
		}
		c.sendHome()
		if err := c.add(1, 0); err != nil {
			t.Fatal(err)
		}
		time.Sleep(rush)
		synctest.Wait()
		for i, f := range c.fleets {
			if f.waiting() != 1 || f.coming.Load() != 0 || f.begun.Load() != 1 {
				t.Errorf("fleet %d: %d wait, %d come, %d came", i, f.waiting(), f.coming.Load(), f.begun.Load())
			}
		}
	})
}
