package transport

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync"

	"github.com/goaroundhq/goaround/slot"
)

// download is the body of a response that goes on when it breaks.
type download struct {
	step         *resumeStep
	req          *http.Request
	target       string
	etag, coding string

	// These are the reader's.
	size    int64 // of the whole, -1 while it is not known
	offset  int64 // what was read
	stalled int   // requests for the rest since the last byte
	broken  error // how the current part ended
	err     error // how the download ended

	ctx    context.Context // that of reads, which have none
	cancel context.CancelFunc

	mu     sync.Mutex // closing is allowed while somebody reads
	body   io.ReadCloser
	closed bool
}

func (d *download) Read(p []byte) (int, error) {
	for d.err == nil {
		if d.broken != nil {
			if !d.goOn() {
				return 0, d.end(d.failure())
			}
			d.broken = nil
		}
		n, err := d.part().Read(p)
		d.offset += int64(n)
		if n > 0 {
			d.stalled = 0
		}
		switch {
		case err == nil:
			return n, nil
		case d.offset == d.size, errors.Is(err, io.EOF) && d.size < 0:
			return n, d.end(io.EOF)
		case d.ctx.Err() != nil: // the caller has left, or closed the body
			return n, d.end(err)
		case errors.Is(err, io.EOF):
			err = io.ErrUnexpectedEOF // a part need not be all of the rest
		}
		if d.broken = err; n > 0 {
			return n, nil
		}
	}
	return 0, d.err
}

func (d *download) Close() error {
	d.mu.Lock()
	d.closed = true
	body := d.body
	d.mu.Unlock()
	err := body.Close()
	d.cancel()
	return err
}

// end makes err the end of all reading.
func (d *download) end(err error) error {
	d.err = err
	d.cancel()
	return err
}

// failure is the error of a download that does not go on: the one it broke with, and why the
// context ended while the rest was asked for.
func (d *download) failure() error {
	if ctx := d.req.Context(); ctx.Err() != nil {
		return errors.Join(context.Cause(ctx), d.broken)
	}
	return d.broken
}

func (d *download) part() io.ReadCloser {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.body
}

// swap makes a body the current part and returns the one before; ok is false when the
// download is closed.
func (d *download) swap(body io.ReadCloser) (old io.ReadCloser, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, false
	}
	old, d.body = d.body, body
	return old, true
}

// goOn asks for the rest after a break and reports whether there is one to read.
func (d *download) goOn() bool {
	if old, ok := d.swap(http.NoBody); ok {
		_ = old.Close() // it has its error already
	}
	r := Resumed{Target: d.target, Offset: d.offset, Size: d.size, Err: d.broken}
	r.Stop = d.ask(&r)
	if f := d.step.steps.observer.Resume; f != nil {
		f(d.req.Context(), r)
	}
	return r.Stop == nil
}

// ask waits and gets the rest.
func (d *download) ask(r *Resumed) error {
	turn, err := d.turn()
	if err != nil {
		return err
	}
	r.Delay, r.Source = turn.Delay, turn.Source
	if err := turn.Wait(d.ctx); err != nil {
		return err
	}
	resp, err := d.step.next.RoundTrip(d.request()) //nolint:bodyclose // the reader of the download closes it
	resp, err = lawful(d.ctx, resp, err)
	if err != nil {
		return err
	}
	r.Status = resp.StatusCode
	size, err := d.fits(resp)
	if err != nil {
		drain(d.ctx, resp, 0)
		return err
	}
	if _, ok := d.swap(resp.Body); !ok {
		_ = resp.Body.Close()
		return context.Canceled // by Close
	}
	d.size = size
	return nil
}

// turn is the permission to ask for the rest.
func (d *download) turn() (slot.Turn, error) {
	s := d.step
	d.stalled++
	paced := s.plan.Pacer != nil // and bounded by that
	if !paced && !s.budget.Spend(d.target, FailureCost) {
		return slot.Turn{}, ErrBudget
	}
	turn, err := s.plan.Next(d.ctx, d.target, slot.Feedback{Attempt: d.stalled, Result: slot.Failed}, 0)
	if err != nil && !paced {
		s.budget.refund(d.target, FailureCost)
	}
	return turn, err
}

// request asks for the rest of the same version.
func (d *download) request() *http.Request {
	req := d.req.Clone(d.ctx)
	req.Header.Set("Range", "bytes="+strconv.FormatInt(d.offset, 10)+"-")
	req.Header.Set("If-Range", d.etag)
	return req
}
