package skewntp_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/beevik/ntp"

	"github.com/goaroundhq/goaround/skew"
	"github.com/goaroundhq/goaround/skew/skewntp"
	"github.com/goaroundhq/goaround/skew/skewtest"
)

// always answers every query alike.
func always(a skewtest.Answer) func(int) skewtest.Answer {
	return func(int) skewtest.Answer { return a }
}

func measure(t *testing.T, s *skewntp.Source, local *skew.Local) (skew.Sample, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	return s.Measure(ctx, local)
}

// expectSample fails when the offset to the real clock is not in the sample.
func expectSample(t *testing.T, s skew.Sample, local *skew.Local) {
	t.Helper()
	before := time.Now().Round(0).Sub(local.Now())
	after := local.Now()
	if offset := time.Now().Round(0).Sub(after); s.Low > max(before, offset) || s.High < min(before, offset) {
		t.Errorf("the truth, %v, is outside of [%v, %v]", offset, s.Low, s.High)
	}
}

// What a server says of itself decides whether it has a vote.
func TestAnswers(t *testing.T) {
	t.Parallel()
	forged := func(origin byte) func([]byte) [][]byte {
		return func(p []byte) [][]byte {
			fake := append([]byte(nil), p...)
			fake[24] ^= origin
			return [][]byte{fake, fake[:20], nil, p}
		}
	}
	for _, tt := range []struct {
		name   string
		answer skewtest.Answer
		err    error // nil for a good answer
		lib    error // what the library found
		radius time.Duration
	}{
		{name: "good"},
		{name: "stratum 15", answer: skewtest.Answer{Stratum: 15}},
		{name: "stratum 16", answer: skewtest.Answer{Stratum: 16}, err: skew.ErrUnsynchronized, lib: ntp.ErrInvalidStratum},
		{name: "stratum 255", answer: skewtest.Answer{Stratum: 255}, err: skew.ErrUnsynchronized},
		{name: "leap indicator 3", answer: skewtest.Answer{Leap: skewtest.LeapUnsynchronized}, err: skew.ErrUnsynchronized, lib: ntp.ErrInvalidLeapSecond},
		{name: "not synced for 40 hours", answer: skewtest.Answer{Age: 40 * time.Hour}, err: skew.ErrUnsynchronized, lib: ntp.ErrServerClockFreshness},
		{name: "not synced for 30 hours", answer: skewtest.Answer{Age: 30 * time.Hour}},
		{name: "synced in the future", answer: skewtest.Answer{Age: -time.Hour}, lib: ntp.ErrInvalidTime},
		{name: "no code", answer: skewtest.Answer{Kiss: "\x00\x00\x00\x00"}, err: skew.ErrUnsynchronized},
		{name: "code INIT", answer: skewtest.Answer{Kiss: "INIT"}, err: skew.ErrUnsynchronized},
		{name: "root dispersion 2 s", answer: skewtest.Answer{RootDispersion: 2 * time.Second}, err: skew.ErrDistance},
		{name: "root dispersion 17 s", answer: skewtest.Answer{RootDispersion: 17 * time.Second}, err: skew.ErrDistance, lib: ntp.ErrInvalidDispersion},
		{name: "root delay 4 s", answer: skewtest.Answer{RootDelay: 4 * time.Second}, err: skew.ErrDistance},
		{name: "root distance 1.4 s", answer: skewtest.Answer{RootDelay: 800 * time.Millisecond, RootDispersion: time.Second}, radius: 1400 * time.Millisecond},
		{name: "clock of 4 s grain", answer: skewtest.Answer{Precision: 2}, err: skew.ErrDistance},
		{name: "clock of no grain", answer: skewtest.Answer{Precision: 127}, err: nil},
		{name: "clock of negative grain", answer: skewtest.Answer{Precision: 34}, err: skew.ErrDistance},
		{name: "leap second to come", answer: skewtest.Answer{Leap: skewtest.LeapInsert}, radius: time.Second},
		{name: "leap second to go", answer: skewtest.Answer{Leap: skewtest.LeapDelete}, radius: time.Second},
		{name: "answers to other queries first", answer: skewtest.Answer{Mangle: forged(1)}},
		{name: "worked for longer than it took", answer: skewtest.Answer{Processing: 5 * time.Second}, err: skewntp.ErrImplausible},
		{name: "answered before it was asked", answer: skewtest.Answer{Processing: -time.Second}, lib: ntp.ErrServerTickedBackwards},
		{name: "a client's packet", answer: skewtest.Answer{Mangle: func(p []byte) [][]byte { p[0]--; return [][]byte{p} }}, lib: ntp.ErrInvalidMode},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			local := skew.NewLocal(wrong())
			server := skewtest.NewServer(t, always(tt.answer))
			s, err := measure(t, skewntp.New(server.Addr()), local)
			if tt.err != nil || tt.lib != nil {
				if (tt.err != nil && !errors.Is(err, tt.err)) || (tt.lib != nil && !errors.Is(err, tt.lib)) {
					t.Errorf("error = %v, want %v, %v", err, tt.err, tt.lib)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			expectSample(t, s, local)
			if r := (s.High - s.Low) / 2; r < tt.radius || r > tt.radius+5*time.Second {
				t.Errorf("radius %v, want %v and the way", r, tt.radius)
			}
			if s.Identity != server.Addr() {
				t.Errorf("Identity = %q", s.Identity)
			}
		})
	}
}

// A server that claims to have worked a little longer than it took has one wrong time stamp:
// the truth by either is inside of the interval. Half a millisecond too much on each way is
// the most that is taken for a bad clock.
func TestClaimsOfMoreTimeThanItTook(t *testing.T) {
	t.Parallel()
	const trip = 100 * time.Microsecond
	for excess, want := range map[time.Duration]error{ // on each way
		-trip / 4:              nil,
		0:                      nil,
		100 * time.Microsecond: nil,
		499 * time.Microsecond: nil,
		501 * time.Microsecond: skewntp.ErrImplausible,
		time.Second:            skewntp.ErrImplausible,
	} {
		for _, offset := range []time.Duration{0, time.Second, -time.Second} {
			claim := trip + 2*excess
			low, high, err := skewntp.Judged(trip, offset, claim)
			if !errors.Is(err, want) {
				t.Errorf("%v too much: %v, want %v", excess, err, want)
			}
			if excess > 0 && (low > offset-trip || high < offset+claim) {
				t.Errorf("%v too much at %v: [%v, %v]", excess, offset, low, high)
			}
		}
	}
}

func TestKissOfDeath(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		answer skewtest.Answer
		want   skew.Refusal
	}{
		{skewtest.Answer{Kiss: "RATE", Poll: 10}, skew.Refusal{Code: "RATE", Retry: 1024 * time.Second}},
		{skewtest.Answer{Kiss: "RATE", Poll: 127}, skew.Refusal{Code: "RATE"}},
		{skewtest.Answer{Kiss: "RATE", Poll: 34}, skew.Refusal{Code: "RATE"}}, // 2^34 s overflow
		{skewtest.Answer{Kiss: "DENY"}, skew.Refusal{Code: "DENY", Never: true}},
		{skewtest.Answer{Kiss: "RSTR"}, skew.Refusal{Code: "RSTR", Never: true}},
	} {
		t.Run(tt.want.Code, func(t *testing.T) {
			t.Parallel()
			_, err := measure(t, skewntp.New(skewtest.NewServer(t, always(tt.answer)).Addr()), skew.NewLocal(nil))
			var got *skew.Refusal
			if !errors.As(err, &got) || *got != tt.want {
				t.Errorf("error = %#v, want %#v", err, tt.want)
			}
		})
	}
}

// A kiss-o'-death that does not answer our query is forged.
func TestForgedKissIsIgnored(t *testing.T) {
	t.Parallel()
	server := skewtest.NewServer(t, always(skewtest.Answer{Mangle: func(p []byte) [][]byte {
		kiss := append([]byte(nil), p...)
		kiss[1] = 0
		copy(kiss[12:], "DENY")
		copy(kiss[24:32], "not ours")
		return [][]byte{kiss, p}
	}}))
	local := skew.NewLocal(nil)
	s, err := measure(t, skewntp.New(server.Addr()), local)
	if err != nil {
		t.Fatal(err)
	}
	expectSample(t, s, local)
}

// The clock is set while the query is on its way: that must not make a false bound.
func TestStepInTheMiddleOfAQuery(t *testing.T) {
	t.Parallel()
	for _, step := range []time.Duration{-3 * time.Second, 3 * time.Second, -10 * time.Minute} {
		t.Run(step.String(), func(t *testing.T) {
			t.Parallel()
			m := wrong()
			server := skewtest.NewServer(t, func(int) skewtest.Answer {
				m.Step(step)
				return skewtest.Answer{Delay: 20 * time.Millisecond}
			})
			c := clockOf(m, server.Addr())
			if _, err := c.Sync(t.Context()); err != nil {
				t.Fatal(err)
			}
			r := expectTruth(t, c)
			if r.Uncertainty() < 10*time.Millisecond {
				t.Errorf("bound %v for an answer that took 20 ms", r.Uncertainty())
			}
		})
	}
}

// Whatever the machine's clock shows: NTP counts years modulo 136, and local time may be
// before it began.
func TestClockFarFromTheTruth(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for _, year := range []int{1890, 1901, 1969, 1970, 2000, 2037, 2099, 2150} {
		t.Run(time.Date(year, 7, 1, 0, 0, 0, 0, time.UTC).Format("2006"), func(t *testing.T) {
			t.Parallel()
			m := &skewtest.Machine{}
			m.Step(time.Date(year, 7, 1, 0, 0, 0, 0, time.UTC).Sub(now))
			c := clockOf(m, skewtest.NewServer(t, nil).Addr())
			if far := c.Now().Sub(now).Abs() > skew.DefaultMaxOffset; far {
				if _, err := c.Sync(t.Context()); !errors.Is(err, skew.ErrUnconfirmed) {
					t.Fatalf("error = %v, want ErrUnconfirmed", err)
				}
			}
			until(t, func() bool { _, err := c.Sync(t.Context()); return err == nil && c.Read().Status == skew.Bounded })
			expectTruth(t, c)
		})
	}
}

func until(t *testing.T, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it does not happen")
		}
	}
}

func TestQueryEndsWithTheContext(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{})
	server := skewtest.NewServer(t, func(int) skewtest.Answer {
		close(asked)
		return skewtest.Answer{Silent: true}
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	done := make(chan error, 1)
	go func() {
		_, err := skewntp.New(server.Addr()).Measure(ctx, skew.NewLocal(nil))
		done <- err
	}()
	<-asked
	cancel()
	select {
	case err := <-done:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error = %v, want context.Canceled", err)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("the query goes on")
	}
}

func TestUnknownHost(t *testing.T) {
	t.Parallel()
	if _, err := measure(t, skewntp.New("no-such-host.invalid"), skew.NewLocal(nil)); err == nil {
		t.Error("a host that does not exist answered")
	}
}

// One name with two sources reaches one server: one vote.
func TestSameServerHasOneVote(t *testing.T) {
	t.Parallel()
	server := skewtest.NewServer(t, nil)
	_, port, _ := strings.Cut(server.Addr(), ":")
	c := clockOf(wrong(), server.Addr(), "[::ffff:127.0.0.1]:"+port)
	report, err := c.Sync(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if report.Voting != 1 {
		t.Errorf("%d votes, want 1: %+v", report.Voting, report.Sources)
	}
	expectTruth(t, c)
}

func TestNames(t *testing.T) {
	t.Parallel()
	for _, server := range []string{"time.example.com", "192.0.2.1:123", "2001:db8::1", "[2001:db8::1]:1123", "[2001:db8::1]"} {
		if got := skewntp.New(server).Name(); got != server {
			t.Errorf("Name = %q, want %q", got, server)
		}
	}
	for _, server := range []string{"", ":123", "host:", "[::1", "[]"} {
		func() {
			defer func() {
				if r, _ := recover().(string); !strings.HasPrefix(r, "skewntp: New(") {
					t.Errorf("New(%q): recovered %v", server, r)
				}
			}()
			skewntp.New(server)
		}()
	}
}

func TestOptionsPanic(t *testing.T) {
	t.Parallel()
	for want, f := range map[string]func(){
		"skewntp: WithMinInterval(0s): must be positive":      func() { skewntp.WithMinInterval(0) },
		"skewntp: WithMaxRootDistance(-1s): must be positive": func() { skewntp.WithMaxRootDistance(-time.Second) },
	} {
		func() {
			defer func() {
				if r := recover(); r != want {
					t.Errorf("recovered %v, want %q", r, want)
				}
			}()
			f()
		}()
	}
}
