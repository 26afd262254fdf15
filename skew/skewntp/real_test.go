package skewntp_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/skew"
	"github.com/goaroundhq/goaround/skew/skewntp"
	"github.com/goaroundhq/goaround/skew/skewtest"
)

// wrong is a machine whose clock is ten minutes slow, so that the right answer is no zero.
// The true time is that of the real machine, which the daemons serve.
func wrong() *skewtest.Machine {
	m := &skewtest.Machine{}
	m.Step(-10 * time.Minute)
	return m
}

func clockOf(m *skewtest.Machine, servers ...string) *skew.Clock {
	return skew.New(skew.WithSystem(m), skew.WithSources(skewntp.Servers(servers, skewntp.WithMinInterval(time.Second))...))
}

func expectTruth(t *testing.T, c *skew.Clock) skew.Reading {
	t.Helper()
	before := time.Now()
	r := c.Read()
	after := time.Now()
	if r.SurelyAfter(after) || r.SurelyBefore(before) {
		t.Fatalf("the truth is outside of the reading, by %v or %v: %+v", r.Earliest.Sub(after), before.Sub(r.Latest), r)
	}
	return r
}

func expectResults(t *testing.T, r skew.Report, want ...skew.Result) {
	t.Helper()
	for i, s := range r.Sources {
		if s.Result != want[i] {
			t.Errorf("%s: result %q, want %q (error %v)", s.Source, s.Result, want[i], s.Err)
		}
	}
}

func TestGoodServer(t *testing.T) {
	t.Parallel()
	c := clockOf(wrong(), daemon{synced: true}.start(t))
	report, err := c.Sync(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	expectResults(t, report, skew.OK)
	r := expectTruth(t, c)
	if r.Status != skew.Bounded || c.Offset().Round(time.Second) != 10*time.Minute {
		t.Errorf("status %v, offset %v", r.Status, c.Offset())
	}
	t.Logf("off by %v, bound %v", time.Until(r.Mid()), r.Uncertainty())
}

func TestLiarIsOutvotedAndNamed(t *testing.T) {
	t.Parallel()
	c := clockOf(wrong(), daemon{synced: true}.start(t), daemon{synced: true, lie: "+5s"}.start(t), daemon{synced: true}.start(t))
	report, err := c.Sync(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	expectResults(t, report, skew.OK, skew.Falseticker, skew.OK)
	if lie := report.Sources[1].Offset - report.Sources[0].Offset; lie.Round(time.Second) != 5*time.Second {
		t.Errorf("the liar is %v off", lie)
	}
	r := expectTruth(t, c)
	t.Logf("off by %v, bound %v, liar %v", time.Until(r.Mid()), r.Uncertainty(), report.Sources[1].Offset)
}

func TestOneAgainstOneRefuses(t *testing.T) {
	t.Parallel()
	good, liar := daemon{synced: true}.start(t), daemon{synced: true, lie: "+5s"}.start(t)
	c := clockOf(wrong(), good, liar)
	report, err := c.Sync(t.Context())
	if !errors.Is(err, skew.ErrDisagree) {
		t.Errorf("error = %v, want ErrDisagree", err)
	}
	expectResults(t, report, skew.Undecided, skew.Undecided)
	if s := c.Read().Status; s != skew.Unknown || c.Offset() != 0 {
		t.Errorf("status %v, offset %v after a round without a majority", s, c.Offset())
	}
}

// A clock that knew the time keeps it when its servers fall out, and says so.
func TestOneTurnsIntoALiar(t *testing.T) {
	t.Parallel()
	var server atomic.Value
	server.Store(daemon{synced: true}.start(t))
	turncoat := relay(t, func() string { return server.Load().(string) }, 0)
	c := clockOf(wrong(), daemon{synced: true}.start(t), turncoat)
	if _, err := c.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	server.Store(daemon{synced: true, lie: "+5s"}.start(t))
	until(t, func() bool { // the servers may be asked once a second
		expectTruth(t, c)
		_, err := c.Sync(t.Context())
		return errors.Is(err, skew.ErrDisagree)
	})
	if r := expectTruth(t, c); r.Status != skew.Disagree || r.Uncertainty() > time.Second {
		t.Errorf("status %v, bound %v", r.Status, r.Uncertainty())
	}
}

func TestUnsynchronizedServerHasNoVote(t *testing.T) {
	t.Parallel()
	c := clockOf(wrong(), daemon{}.start(t), daemon{synced: true}.start(t))
	report, err := c.Sync(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	expectResults(t, report, skew.Unsynchronized, skew.OK)
	expectTruth(t, c)
}

// The daemon goes silent when it is asked too often; that backs off, and its last answer
// counts on.
func TestServerThatLimitsItsRate(t *testing.T) {
	t.Parallel()
	limited := daemon{synced: true, limits: "ratelimit interval 12 burst 8 leak 4"}.start(t)
	source := skewntp.New(limited, skewntp.WithMinInterval(time.Millisecond))
	c := skew.New(skew.WithSystem(wrong()), skew.WithSources(source), skew.WithTimeout(3*time.Second))
	var report skew.Report
	for n := 0; ; n++ {
		var err error
		if report, err = c.Sync(t.Context()); errors.Is(err, skew.ErrTooFew) {
			break
		}
		if err != nil || n == 1000 {
			t.Fatalf("after %d rounds: %v", n, err)
		}
		time.Sleep(2 * time.Millisecond) // until the source may be asked again
	}
	expectResults(t, report, skew.Timeout)
	if r := expectTruth(t, c); r.Status != skew.Bounded {
		t.Errorf("status %v", r.Status)
	}
	report, err := c.Sync(t.Context()) // it is not asked again so soon
	if err != nil || report.Sources[0].Result != skew.Held {
		t.Errorf("result %q, error %v", report.Sources[0].Result, err)
	}
	expectTruth(t, c)
}

// A way back that takes 200 ms longer makes the middle 100 ms wrong; the interval holds.
func TestAsymmetricWay(t *testing.T) {
	t.Parallel()
	const longer = 200 * time.Millisecond
	good := daemon{synced: true}.start(t)
	server := func() string { return good }
	far := clockOf(wrong(), relay(t, server, longer))
	if _, err := far.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := expectTruth(t, far)
	if off := time.Until(r.Mid()); off > -longer/2+time.Millisecond && off < longer/2-time.Millisecond {
		t.Errorf("off by %v only: the relay does not delay", off)
	}
	if r.Uncertainty() < longer/2 {
		t.Errorf("bound %v, want at least %v", r.Uncertainty(), longer/2)
	}
	t.Logf("off by %v, bound %v", time.Until(r.Mid()), r.Uncertainty())

	// Beside a near server it narrows nothing and hurts nothing.
	both := clockOf(wrong(), relay(t, server, longer), daemon{synced: true}.start(t))
	report, err := both.Sync(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	expectResults(t, report, skew.OK, skew.OK)
	expectTruth(t, both)
}

// Ten minutes slow, synced, and then repaired by somebody else: the correction goes away
// with the error.
func TestStepOfTheClockIsNotAddedTwice(t *testing.T) {
	t.Parallel()
	m := wrong()
	c := clockOf(m, daemon{synced: true}.start(t))
	if _, err := c.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	expectTruth(t, c)
	m.Step(10 * time.Minute)
	if r := expectTruth(t, c); r.Status != skew.Disrupted {
		t.Errorf("status %v, want disrupted", r.Status)
	}
	if off := c.Offset().Round(time.Second); off != 0 {
		t.Errorf("Offset is %v after the step", off)
	}
	report, err := c.Sync(t.Context()) // at once: something happened
	if err != nil {
		t.Fatal(err)
	}
	expectResults(t, report, skew.OK)
	if report.Jump.Round(time.Second) != 10*time.Minute || report.Status != skew.Bounded {
		t.Errorf("the report says %v, %v", report.Jump, report.Status)
	}
	expectTruth(t, c)
}

// No network: readings come as before while a query hangs.
func TestReadDoesNotWaitForSync(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 1)
	silent := skewtest.NewServer(t, func(int) skewtest.Answer {
		asked <- struct{}{}
		return skewtest.Answer{Silent: true}
	})
	c := clockOf(&skewtest.Machine{}, silent.Addr())
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := c.Sync(ctx)
		done <- err
	}()
	<-asked
	for range 100_000 {
		c.Read()
		c.Now()
	}
	select {
	case err := <-done:
		t.Errorf("the query did not hang: %v", err)
	default:
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v, want context.Canceled", err)
	}
}
