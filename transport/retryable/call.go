package retryable

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/goaroundhq/goaround/transport"
)

// call is what is remembered of a call from one attempt to the next. A nil call remembers
// nothing: the callbacks work without one.
type call struct {
	mu sync.Mutex
	progress
}

// progress is how far a call has come.
type progress struct {
	sent    int
	judged  bool  // the policy was asked about the latest attempt
	again   bool  // and wanted another
	verdict error // and returned this
}

type callKey struct{}

func callFrom(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{}).(*call)
	return c
}

// begin counts an attempt with this context and returns how many there were before. It is not
// ok for a hedge that has lost before it was sent: the call may have been judged already.
func (c *call) begin(ctx context.Context) (before int, ok bool) {
	if c == nil {
		return 0, true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sent > 0 && ctx.Err() != nil {
		return c.sent, false
	}
	c.judged = false
	c.sent++
	return c.sent - 1, true
}

// notSent takes the latest attempt back.
func (c *call) notSent() {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent--
}

// judge notes what the policy said of the latest attempt.
func (c *call) judge(again bool, err error) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.judged, c.again, c.verdict = true, again, err
}

// now returns how far the call has come.
func (c *call) now() progress {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.progress
}

// callStep is the outermost step: it sees how calls end.
type callStep struct {
	*hookStep
	next http.RoundTripper
}

func (s *callStep) CloseIdleConnections() { closeIdle(s.next) }

func (s *callStep) RoundTrip(req *http.Request) (*http.Response, error) {
	c := &call{}
	resp, err := s.next.RoundTrip(req.WithContext(context.WithValue(req.Context(), callKey{}, c)))
	return s.end(c.now(), req, resp, err)
}

// end decides what comes back of a call.
func (s *callStep) end(p progress, req *http.Request, resp *http.Response, err error) (*http.Response, error) {
	failure := p.failure(req.Context(), err)
	if failure == nil && !p.wanted(req, resp) {
		return resp, nil
	}
	if s.ErrorHandler != nil {
		return s.handle(p.sent, req, resp, failure)
	}
	if failure == nil {
		return resp, nil // the last response is worth more than an error about it
	}
	discard(resp)
	return nil, failure
}

// failure is the error that a call ends with: that of the policy in lieu of that of the
// attempt, unless it says less.
func (p progress) failure(ctx context.Context, err error) error {
	unprepared, left := is[*prepareError](err), err != nil && ctx.Err() != nil
	if unprepared || left || !p.judged || p.verdict == nil || errors.Is(err, p.verdict) {
		return err
	}
	return &policyError{attempts: p.sent, verdict: p.verdict, err: err}
}

// wanted reports whether a response is one that should have been tried again.
func (p progress) wanted(req *http.Request, resp *http.Response) bool {
	if p.judged {
		return p.again
	}
	v := transport.Classify(transport.Outcome{Request: req, Response: resp, Attempt: p.sent})
	return v == transport.Repeat || v == transport.Unprocessed
}

// handle lets the ErrorHandler say what comes back, and mends what a RoundTripper must not
// return.
func (s *callStep) handle(sent int, req *http.Request, resp *http.Response, failure error) (*http.Response, error) {
	back, err := s.ErrorHandler(resp, asClientError(req, failure), sent)
	switch {
	case err != nil:
		discard(resp)
		if back != resp {
			discard(back)
		}
		return nil, bare(err)
	case back == nil:
		discard(resp)
		return nil, errNothing
	default:
		return back, nil
	}
}

// The bounds of reading a response that nobody gets, so that its connection is used again.
const (
	maxDiscard     = 4 << 10
	maxDiscardTime = 100 * time.Millisecond
)

// discard closes a response that is not returned.
func discard(resp *http.Response) {
	if resp == nil || resp.Body == nil {
		return
	}
	end := sync.OnceFunc(func() { _ = resp.Body.Close() })
	defer end()
	if resp.ContentLength > maxDiscard {
		return
	}
	defer time.AfterFunc(maxDiscardTime, end).Stop()
	_, _ = io.CopyN(io.Discard, resp.Body, maxDiscard+1) // an error ends the reading, too
}
