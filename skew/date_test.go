package skew_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/skew"
)

// farm is a RoundTripper to servers whose clocks are off and that write Dates late.
type farm struct {
	rnd    *rand.Rand
	offset map[string]time.Duration // by host; the others are right
	lag    time.Duration            // at most
	header func(http.Header)
}

type roundTripperFunc func(*http.Request) (*http.Response, error)

func (f roundTripperFunc) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func (f *farm) RoundTrip(req *http.Request) (*http.Response, error) {
	time.Sleep(rand.N(100 * time.Millisecond))
	seen := time.Now().Add(f.offset[req.URL.Host] - time.Duration(f.rnd.Int64N(int64(f.lag)+1)))
	h := http.Header{"Date": {seen.UTC().Format(http.TimeFormat)}}
	if f.header != nil {
		f.header(h)
	}
	time.Sleep(rand.N(100 * time.Millisecond))
	return &http.Response{StatusCode: http.StatusOK, Header: h, Body: http.NoBody, Request: req}, nil
}

func get(tb testing.TB, rt http.RoundTripper, host string) {
	tb.Helper()
	req, err := http.NewRequestWithContext(tb.Context(), http.MethodGet, "http://"+host+"/", nil)
	if err != nil {
		tb.Fatal(err)
	}
	resp, err := rt.RoundTrip(req)
	if err != nil {
		tb.Fatal(err)
	}
	resp.Body.Close()
}

// heard is the offset of true time from the local one that the source has learned.
func heard(t *testing.T, d *skew.DateSource) skew.Sample {
	t.Helper()
	local := skew.NewLocal(nil)
	s, err := d.Measure(t.Context(), local)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The offset of a server's clock is inside of every interval, from the first Date on, and
// more Dates narrow it.
func TestDatesBoundTheOffset(t *testing.T) {
	t.Parallel()
	for seed := range uint64(100) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				rnd := rand.New(rand.NewPCG(seed, 2))
				offset := time.Duration(rnd.NormFloat64() * float64(10*time.Minute))
				servers := &farm{rnd: rnd, offset: map[string]time.Duration{"a": offset}, lag: time.Duration(rnd.Int64N(int64(time.Second)))}
				d := skew.NewDateSource("dates")
				rt := d.Step(servers)
				var first, last time.Duration
				for range 50 {
					get(t, rt, "a")
					s := heard(t, d)
					if s.Low > offset || s.High < offset {
						t.Fatalf("%v is outside of [%v, %v]", offset, s.Low, s.High)
					}
					last = s.High - s.Low
					if first == 0 {
						first = last
					}
					time.Sleep(time.Duration(rnd.ExpFloat64() * float64(time.Second)))
				}
				if first < 2*time.Second || first > 2200*time.Millisecond+time.Second {
					t.Errorf("the first Date made an interval of %v", first)
				}
				if last > first || last > 2*time.Second {
					t.Errorf("50 Dates narrowed %v to %v only", first, last)
				}
			})
		})
	}
}

func TestDatesThatSayNothing(t *testing.T) {
	t.Parallel()
	for name, header := range map[string]func(http.Header){
		"none":              func(h http.Header) { h.Del("Date") },
		"two":               func(h http.Header) { h["Date"] = append(h["Date"], h["Date"]...) },
		"malformed":         func(h http.Header) { h.Set("Date", "yesterday") },
		"leap second":       func(h http.Header) { h.Set("Date", "Sat, 31 Dec 2016 23:59:60 GMT") },
		"of a stored":       func(h http.Header) { h.Set("Age", "7") },
		"with an empty Age": func(h http.Header) { h.Set("Age", "") },
		"year 9999":         func(h http.Header) { h.Set("Date", "Fri, 31 Dec 9999 23:59:59 GMT") },
		"year 1":            func(h http.Header) { h.Set("Date", "Mon, 01 Jan 0001 00:00:00 GMT") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := skew.NewDateSource("dates")
				get(t, d.Step(&farm{rnd: rand.New(rand.NewPCG(1, 1)), header: header}), "a")
				if s, err := d.Measure(t.Context(), skew.NewLocal(nil)); !errors.Is(err, skew.ErrNothingHeard) {
					t.Errorf("learned %v, %v from it", s, err)
				}
			})
		})
	}
}

// A server in the middle of others that is an hour off is outvoted; one against one is not
// an answer.
func TestDatesOfSeveralServers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := skew.NewDateSource("dates")
		rt := d.Step(&farm{rnd: rand.New(rand.NewPCG(1, 1)), offset: map[string]time.Duration{"liar": time.Hour}})
		get(t, rt, "liar")
		time.Sleep(time.Second)
		get(t, rt, "a")
		if _, err := d.Measure(t.Context(), skew.NewLocal(nil)); !errors.Is(err, skew.ErrDisagree) {
			t.Errorf("error = %v, want ErrDisagree", err)
		}
		for i := range 100 { // more servers than are remembered, so the liar is forgotten
			time.Sleep(time.Second)
			get(t, rt, fmt.Sprint("host", i))
			if s := heard(t, d); s.Low > 0 || s.High < 0 {
				t.Fatalf("0 is outside of [%v, %v]", s.Low, s.High)
			}
		}
	})
}

// A cache that hides that it is one serves an old Date, and a server is set: the right
// offset stays, or comes back, into the interval.
func TestDatesThatContradictThemselves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		servers := &farm{rnd: rand.New(rand.NewPCG(1, 1)), offset: map[string]time.Duration{}}
		d := skew.NewDateSource("dates")
		rt := d.Step(servers)
		for i := range 100 {
			servers.offset["a"] = 0
			if i%7 == 6 {
				servers.offset["a"] = -10 * time.Minute // an old response
			}
			get(t, rt, "a")
			time.Sleep(time.Second)
			if s := heard(t, d); s.Low > 0 || s.High < 0 {
				t.Fatalf("0 is outside of [%v, %v]", s.Low, s.High)
			}
		}
		servers.offset["a"] = time.Hour
		for range 3 {
			get(t, rt, "a")
			time.Sleep(time.Second)
		}
		if s := heard(t, d); s.Low > time.Hour || s.High < time.Hour || s.High-s.Low > 5*time.Second {
			t.Errorf("[%v, %v] after the server was set forward by an hour", s.Low, s.High)
		}
	})
}

// Of Dates that come in quick succession the first is looked at.
func TestDatesAreLookedAtNowAndThen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		at := time.Now()
		looked := roundTripperFunc(func(*http.Request) (*http.Response, error) {
			return &http.Response{Header: http.Header{"Date": {at.UTC().Format(http.TimeFormat)}}, Body: http.NoBody}, nil
		})
		d := skew.NewDateSource("dates")
		rt := d.Step(looked)
		get(t, rt, "a")
		at = at.Add(time.Hour)
		get(t, rt, "a")
		if s := heard(t, d); s.High > time.Minute {
			t.Errorf("[%v, %v]: both were looked at", s.Low, s.High)
		}
		time.Sleep(20 * time.Millisecond)
		get(t, rt, "a")
		if s := heard(t, d); s.High < time.Minute {
			t.Errorf("[%v, %v]: the third was not looked at", s.Low, s.High)
		}
	})
}

func TestStepIsLawful(t *testing.T) {
	t.Parallel()
	failed := errors.New("failed")
	closed := false
	d := skew.NewDateSource("dates")
	rt := d.Step(&idleCloser{closed: &closed, RoundTripper: roundTripperFunc(func(*http.Request) (*http.Response, error) { return nil, failed })})
	if resp, err := rt.RoundTrip(&http.Request{}); resp != nil || !errors.Is(err, failed) {
		t.Errorf("RoundTrip = %v, %v", resp, err)
	}
	(&http.Client{Transport: rt}).CloseIdleConnections()
	if !closed {
		t.Error("CloseIdleConnections is not passed on")
	}
	d.Step(roundTripperFunc(nil)).(interface{ CloseIdleConnections() }).CloseIdleConnections() // to one that has none
}

type idleCloser struct {
	http.RoundTripper
	closed *bool
}

func (c *idleCloser) CloseIdleConnections() { *c.closed = true }

func FuzzDate(f *testing.F) {
	for _, date := range []string{
		"", "Sat, 01 Jan 2000 00:00:00 GMT", "Saturday, 01-Jan-00 00:00:00 GMT", "Sat Jan  1 00:00:00 2000",
		"Sat, 31 Dec 2016 23:59:60 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 0001 00:00:00 GMT", "Sat, 01 Jan 2000 00:00:00 +0100",
		"Sat, 32 Jan 2000 00:00:00 GMT", "\x00", "0",
	} {
		f.Add(date, "", false)
		f.Add(date, "0", true)
	}
	f.Fuzz(func(t *testing.T, date, age string, aged bool) {
		h := http.Header{"Date": {date}}
		if aged {
			h.Set("Age", age)
		}
		d := skew.NewDateSource("dates")
		local := skew.NewLocal(nil)
		get(t, d.Step(roundTripperFunc(func(req *http.Request) (*http.Response, error) {
			return &http.Response{Header: h, Body: http.NoBody, Request: req}, nil
		})), "a")
		s, err := d.Measure(t.Context(), local)
		at, parseErr := http.ParseTime(date)
		if err != nil {
			return
		}
		if parseErr != nil || aged {
			t.Fatalf("learned from Date %q, Age %q %t", date, age, aged)
		}
		if width := s.High - s.Low; width < 2*time.Second || width > time.Minute {
			t.Errorf("[%v, %v] is %v wide", s.Low, s.High, width)
		}
		// In the second of the date, and the one after it, the truth is inside.
		if inside := at.Add(time.Second).Sub(local.Now()); inside < s.Low-time.Minute || inside > s.High+time.Minute {
			t.Errorf("%v is outside of [%v, %v]", inside, s.Low, s.High)
		}
	})
}
