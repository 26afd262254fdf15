package transport_test

import (
	"cmp"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/transport"
)

var errBroken = errors.New("connection broken")

const hedgeDelay = 100 * time.Millisecond

// Who wins, when, and what becomes of the others.
func TestHedge(t *testing.T) {
	t.Parallel()
	ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
	for _, tt := range []struct {
		name  string
		meth  string // GET if there is none
		lanes []lane
		opt   func() transport.Option // called within the bubble: a budget reads the clock
		sent  int
		code  int // of the outcome; 0 for an error
		err   error
		took  time.Duration
		field string // Retry-After of the outcome
	}{
		{name: "fast", lanes: []lane{{after: ms(99), code: 200}}, sent: 1, code: 200, took: ms(99)},
		{name: "the hedge is faster", lanes: []lane{{after: time.Hour}, {after: ms(10), code: 200}}, sent: 2, code: 200, took: ms(110)},
		{name: "the first is faster", lanes: []lane{{after: ms(150), code: 200}, {after: time.Hour}}, sent: 2, code: 200, took: ms(150)},
		{name: "404 is an answer", lanes: []lane{{after: time.Hour}, {after: ms(10), code: 404}}, sent: 2, code: 404, took: ms(110)},
		{name: "gone by the other one", meth: "DELETE", lanes: []lane{{after: ms(500), code: 204}, {after: ms(10), code: 404}}, sent: 2, code: 204, took: ms(500)},
		{name: "changed by the other one", meth: "PUT", lanes: []lane{{after: ms(500), code: 412}, {after: ms(500), code: 204}}, sent: 2, code: 204, took: ms(600)},
		{name: "gone, it seems", meth: "DELETE", lanes: []lane{{after: ms(500), err: errBroken}, {after: ms(10), code: 404}}, sent: 2, code: 404, took: ms(500)},
		{name: "a conflict is more than a refusal", meth: "PUT", lanes: []lane{{after: ms(500), code: 503, fields: []string{"Retry-After", "9"}}, {after: ms(10), code: 409}}, sent: 2, code: 409, took: ms(500)},
		{name: "a failure before the delay", lanes: []lane{{after: ms(50), code: 503}}, sent: 1, code: 503, took: ms(50)},
		{name: "an error before the delay", lanes: []lane{{after: ms(50), err: errBroken}}, sent: 1, err: errBroken, took: ms(50)},
		{name: "503 does not win", lanes: []lane{{after: ms(500), code: 200}, {after: ms(10), code: 503}}, sent: 2, code: 200, took: ms(500)},
		{name: "an error does not win", lanes: []lane{{after: ms(500), code: 200}, {after: ms(10), err: errBroken}}, sent: 2, code: 200, took: ms(500)},
		{name: "the first breaks", lanes: []lane{{after: ms(150), err: errBroken}, {after: ms(300), code: 200}}, sent: 2, code: 200, took: ms(400)},
		{name: "the first is refused", lanes: []lane{{after: ms(150), code: 503}, {after: ms(300), code: 200}}, sent: 2, code: 200, took: ms(400)},
		{name: "all fail: a response", lanes: []lane{{after: ms(150), code: 503}, {after: ms(100), err: errBroken}}, sent: 2, code: 503, took: ms(200)},
		{name: "all fail: a late response", lanes: []lane{{after: ms(150), err: errBroken}, {after: ms(100), code: 503}}, sent: 2, code: 503, took: ms(200)},
		{
			name:  "all fail: the longer wait",
			lanes: []lane{{after: ms(150), code: 503, fields: []string{"Retry-After", "1"}}, {after: ms(100), code: 503, fields: []string{"Retry-After", "9"}}},
			sent:  2, code: 503, took: ms(200), field: "9",
		},
		{name: "all fail: no response", lanes: []lane{{after: ms(150), err: errBroken}, {after: ms(100), err: io.EOF}}, sent: 2, err: errBroken, took: ms(200)},
		{
			name:  "three",
			lanes: []lane{{after: time.Hour}, {after: time.Hour}, {after: ms(10), code: 200}},
			opt:   func() transport.Option { return transport.WithMaxHedges(2) }, sent: 3, code: 200, took: ms(210),
		},
		{name: "not more than allowed", lanes: []lane{{after: ms(900), code: 200}, {after: time.Hour}}, sent: 2, code: 200, took: ms(900)},
		{
			name: "no budget", lanes: []lane{{after: ms(900), code: 200}},
			opt: func() transport.Option {
				return transport.WithBudget(transport.NewBudget(transport.WithBudgetFloor(0)))
			}, sent: 1, code: 200, took: ms(900),
		},
		{
			name: "not wanted", lanes: []lane{{after: ms(900), code: 200}},
			opt: func() transport.Option { return transport.WithHedgeIf(func(*http.Request) bool { return false }) }, sent: 1, code: 200, took: ms(900),
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				k := &track{lanes: tt.lanes}
				opts := []transport.Option{transport.WithHedging(transport.HedgeAfter(hedgeDelay))}
				if tt.opt != nil {
					opts = append(opts, tt.opt())
				}
				start := time.Now()
				resp, err := transport.Hedge(opts...)(k).RoundTrip(newRequest(t, cmp.Or(tt.meth, "GET"), ""))
				if took := time.Since(start); took != tt.took {
					t.Errorf("took %v, want %v", took, tt.took)
				}
				if tt.code == 0 {
					if resp != nil || !errors.Is(err, tt.err) {
						t.Errorf("response %v, error %v, want %v", resp, err, tt.err)
					}
				} else {
					k.checkWinner(t, resp, err, tt.code, tt.field)
				}
				k.checkLosers(t, tt.sent)
			})
		})
	}
}

// Only what may be repeated is sent twice, with the same key and the same body.
func TestHedgeOfRequests(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		setup func(*http.Request)
		meth  string
		body  string
		sent  int
	}{
		{name: "GET", meth: "GET", sent: 2},
		{name: "PUT", meth: "PUT", body: "content", sent: 2},
		{name: "DELETE", meth: "DELETE", sent: 2},
		{name: "POST", meth: "POST", body: "content", sent: 1},
		{name: "PATCH", meth: "PATCH", body: "content", sent: 1},
		{name: "POST with a key", meth: "POST", body: "content", sent: 2, setup: func(r *http.Request) { r.Header.Set(idem.Header, `"k"`) }},
		{name: "a body that is read once", meth: "PUT", body: "content", sent: 1, setup: func(r *http.Request) { r.GetBody = nil }},
		{name: "a body that does not open", meth: "PUT", body: "content", sent: 1, setup: func(r *http.Request) {
			r.GetBody = func() (io.ReadCloser, error) { return nil, errBroken }
		}},
		{name: "no body, though one could be opened", meth: "PUT", sent: 2, setup: func(r *http.Request) {
			r.GetBody = func() (io.ReadCloser, error) { return nil, errBroken }
		}},
		{name: "another protocol", meth: "GET", sent: 1, setup: func(r *http.Request) { r.Header.Set("Upgrade", "websocket") }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				k := &track{lanes: []lane{{after: time.Second, code: 200}, {after: time.Hour}}}
				req := newRequest(t, tt.meth, tt.body)
				if tt.setup != nil {
					tt.setup(req)
				}
				resp, err := transport.Hedge(transport.WithHedging(transport.HedgeAfter(hedgeDelay)))(k).RoundTrip(req)
				k.checkWinner(t, resp, err, 200, "")
				k.checkLosers(t, tt.sent)
				for i, r := range k.runs {
					if r.key != req.Header.Get(idem.Header) || r.body != tt.body {
						t.Errorf("exchange %d: key %q, body %q", i, r.key, r.body)
					}
				}
			})
		})
	}
}

func TestHedgePanics(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]func(){
		"WithMaxHedges(0)":   func() { transport.WithMaxHedges(0) },
		"WithHedgeIf(nil)":   func() { transport.WithHedgeIf(nil) },
		"HedgeAfter(0)":      func() { transport.HedgeAfter(0) },
		"HedgeQuantile(1)":   func() { transport.HedgeQuantile(1) },
		"HedgeQuantile(NaN)": func() { transport.HedgeQuantile(nan()) },
		"WithBreaker(nil)":   func() { transport.WithBreaker(nil) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s does not panic", name)
				}
			}()
			f()
		}()
	}
}
