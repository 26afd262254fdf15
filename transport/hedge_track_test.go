package transport_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/idem"
)

// lane is what happens to one exchange of a race.
type lane struct {
	after  time.Duration // until the header
	code   int
	fields []string
	err    error
}

// track answers exchanges in the order in which they are sent, obeys their contexts as
// net/http does, and remembers what became of them.
type track struct {
	lanes []lane

	mu   sync.Mutex
	runs []*run
}

// run is one exchange.
type run struct {
	ctx    context.Context
	at     time.Duration // since the first
	began  time.Time
	key    string
	body   string
	lost   bool // ended by its context
	closed bool // the response's body
}

func (k *track) RoundTrip(req *http.Request) (*http.Response, error) {
	r := &run{ctx: req.Context(), began: time.Now(), key: req.Header.Get(idem.Header)}
	if req.Body != nil {
		b, _ := io.ReadAll(req.Body)
		_ = req.Body.Close()
		r.body = string(b)
	}
	k.mu.Lock()
	n := len(k.runs)
	k.runs = append(k.runs, r)
	r.at = r.began.Sub(k.runs[0].began)
	k.mu.Unlock()
	if n >= len(k.lanes) {
		return nil, errors.New("one exchange too many")
	}
	l := k.lanes[n]
	select {
	case <-time.After(l.after):
	case <-r.ctx.Done():
		r.lost = true
		return nil, context.Cause(r.ctx)
	}
	if l.err != nil {
		return nil, l.err
	}
	resp := &http.Response{StatusCode: l.code, Header: http.Header{}, Body: &boundBody{Reader: strings.NewReader("lane"), run: r}, Request: req}
	for i := 0; i < len(l.fields); i += 2 {
		resp.Header.Add(l.fields[i], l.fields[i+1])
	}
	return resp, nil
}

// boundBody is a response's body, which needs the context as that of net/http does.
type boundBody struct {
	io.Reader
	run *run
}

func (b *boundBody) Read(p []byte) (int, error) {
	if b.run.ctx.Err() != nil {
		return 0, context.Cause(b.run.ctx)
	}
	return b.Reader.Read(p)
}

func (b *boundBody) Close() error {
	b.run.closed = true
	return nil
}

// checkWinner wants a response that can be read although the race is over.
func (k *track) checkWinner(t *testing.T, resp *http.Response, err error, code int, field string) {
	t.Helper()
	if err != nil || resp.StatusCode != code || resp.Header.Get("Retry-After") != field {
		t.Fatalf("response %v, error %v, want %d", resp, err, code)
	}
	synctest.Wait() // what is cancelled is cancelled
	if b, err := io.ReadAll(resp.Body); err != nil || string(b) != "lane" {
		t.Errorf("body %q, %v", b, err)
	}
	_ = resp.Body.Close()
}

// checkLosers wants every exchange at its time, ended, its context done and its body closed.
func (k *track) checkLosers(t *testing.T, sent int) {
	t.Helper()
	synctest.Wait()
	if len(k.runs) != sent {
		t.Fatalf("%d exchanges, want %d", len(k.runs), sent)
	}
	for i, r := range k.runs {
		if want := time.Duration(i) * hedgeDelay; r.at != want {
			t.Errorf("exchange %d was sent after %v, want %v", i, r.at, want)
		}
		if sent > 1 && r.ctx.Err() == nil {
			t.Errorf("the context of exchange %d still lives", i)
		}
		if l := k.lanes[i]; l.err == nil && !r.lost && !r.closed {
			t.Errorf("the response of exchange %d is open", i)
		}
	}
}
