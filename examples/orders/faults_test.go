package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func decisions(seed uint64, n int) []decision {
	all := make([]decision, n)
	for i := range all {
		all[i] = decide(seed, uint64(i))
	}
	return all
}

func TestDecisionsDependOnTheSeedOnly(t *testing.T) {
	const n = 1000
	first, again, other := decisions(1, n), decisions(1, n), decisions(2, n)
	same := 0
	for i := range first {
		if first[i] != again[i] {
			t.Fatalf("request %d: %v, then %v with the same seed", i, first[i], again[i])
		}
		if first[i] == other[i] {
			same++
		}
	}
	if same > n*3/4 { // most are no fault in both
		t.Errorf("%d of %d decisions are those of another seed", same, n)
	}
}

func TestDecisionsHaveTheRatesTheySay(t *testing.T) {
	const n = 100_000
	var counts [faultKinds]int
	for _, d := range decisions(1, n) {
		counts[d.fault]++
		if d.delay < 0 || d.delay >= maxDelay || (d.delay > 0 && d.fault != delayed) {
			t.Fatalf("decision %v with delay %v", d.fault, d.delay)
		}
	}
	for kind, percent := range map[fault]int{none: 73, responseLost: 10, cut: 2, reset: 5, delayed: 10, unreachable: 0} {
		want := n * percent / 100
		if got := counts[kind]; got < want*9/10 || got > want*11/10 {
			t.Errorf("fault %d: %d of %d, want about %d", kind, got, n, want)
		}
	}
}

// broken is a service behind a layer that has one fault only.
type broken struct {
	*faults
	server *httptest.Server
	client *http.Client
	ran    atomic.Int32
}

func newBroken(t *testing.T, d decision, handler http.HandlerFunc) *broken {
	b := &broken{client: &http.Client{Transport: new(http.Transport)}}
	b.faults = &faults{
		next: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer b.ran.Add(1)
			handler(w, r)
		}),
		outage: new(outage),
		decide: func(uint64) decision { return d },
	}
	b.server = httptest.NewServer(b.faults)
	t.Cleanup(b.stop)
	return b
}

// stop returns when nothing runs any more.
func (b *broken) stop() {
	b.client.CloseIdleConnections()
	b.server.Close()
	b.wait()
}

// post sends a request without a key, which net/http does not repeat.
func (b *broken) post() (string, error) {
	resp, err := b.client.Post(b.server.URL, "text/plain", strings.NewReader("tea"))
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}

func echo(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) }

func TestFaults(t *testing.T) {
	for name, test := range map[string]struct {
		decision decision
		down     bool
		ran      int32
		answered bool
	}{
		"none":          {ran: 1, answered: true},
		"delayed":       {decision: decision{fault: delayed, delay: time.Millisecond}, ran: 1, answered: true},
		"response lost": {decision: decision{fault: responseLost}, ran: 1},
		"cut":           {decision: decision{fault: cut}, ran: 1},
		"reset":         {decision: decision{fault: reset}},
		"outage":        {down: true},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBroken(t, test.decision, echo)
			b.outage.down.Store(test.down)
			body, err := b.post()
			if answered := err == nil && body == "tea"; answered != test.answered {
				t.Errorf("answer %q, %v; want an answer: %t", body, err, test.answered)
			}
			b.stop()
			if got := b.ran.Load(); got != test.ran {
				t.Errorf("the handler ran %d times, want %d", got, test.ran)
			}
			want := test.decision.fault
			if test.down {
				want = unreachable
			}
			if b.requests() != 1 || b.counts[want].Load() != 1 {
				t.Errorf("%d requests, %d with this fault; want 1 and 1", b.requests(), b.counts[want].Load())
			}
		})
	}
}

func TestLostResponseHadItsEffectBefore(t *testing.T) {
	b := newBroken(t, decision{fault: responseLost}, echo)
	if _, err := b.post(); err == nil {
		t.Error("the response arrived")
	}
	if b.ran.Load() != 1 {
		t.Error("the connection was reset before the handler returned")
	}
}

func TestCutLeavesTheHandlerRunning(t *testing.T) {
	release, body := make(chan struct{}), make(chan string, 1)
	b := newBroken(t, decision{fault: cut}, func(_ http.ResponseWriter, r *http.Request) {
		<-release
		text, _ := io.ReadAll(r.Body)
		body <- string(text)
	})
	if _, err := b.post(); err == nil {
		t.Error("the response arrived")
	}
	close(release) // the client has its error while the handler still ran
	if got := <-body; got != "tea" {
		t.Errorf("the handler read %q, want the whole body", got)
	}
}

func TestOutageEndsByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var said []string
		o := outage{length: time.Minute, say: func(line string) { said = append(said, line) }}
		o.begin()
		time.Sleep(time.Minute - time.Nanosecond)
		synctest.Wait()
		if !o.down.Load() {
			t.Error("the outage ended early")
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		if o.down.Load() {
			t.Error("the outage goes on")
		}
		if len(said) != 2 || !strings.Contains(said[0], "begins") || !strings.Contains(said[1], "ends") {
			t.Errorf("said %q, want begin and end", said)
		}
	})
}

func TestNoOutage(t *testing.T) {
	o := outage{say: func(line string) { t.Errorf("said %q", line) }}
	o.begin()
	o.cancel()
	if o.down.Load() {
		t.Error("the service is down")
	}
}
