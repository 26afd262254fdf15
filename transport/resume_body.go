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
	paid    receipt

	ctx    context.Context // that of reads, which have none
	cancel context.CancelFunc

	mu     sync.Mutex // closing is allowed while somebody reads
	body   io.ReadCloser
	closed bool
}

func (d *download) Read(p []byte) (int, error) {
	for d.err == nil {
		if d.broken != nil {
			if err := d.goOn(); err != nil {
				return 0, d.end(err)
			}
			d.broken = nil
		}
		n, err := d.part().Read(p)
		d.offset += int64(n)
		if n > 0 {
			d.stalled = 0
		}
		switch { // by the errors themselves: one that wraps io.EOF tells of a break
		case err == nil:
			return n, nil
		case d.offset == d.size && err == io.ErrUnexpectedEOF: //nolint:errorlint // nothing is missing
			return n, d.end(io.EOF)
		case d.offset == d.size, err == io.EOF && d.size < 0:
			return n, d.end(err)
		case d.ctx.Err() != nil: // the caller has left, or closed the body
			return n, d.end(err)
		case err == io.EOF:
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

// goOn asks for the rest after a break. The error is that of the download when there is none
// to read. A body that is closed has not broken.
func (d *download) goOn() error {
	old, ok := d.swap(http.NoBody)
	if !ok {
		return http.ErrBodyReadAfterClose
	}
	_ = old.Close() // it has its error already
	r := Resumed{Target: d.target, Offset: d.offset, Size: d.size, Err: d.broken}
	r.Stop = d.ask(&r)
	if f := d.step.steps.observer.Resume; f != nil {
		f(d.req.Context(), r)
	}
	if r.Stop != nil {
		return d.failure()
	}
	return nil
}

// ask waits and gets the rest.
func (d *download) ask(r *Resumed) error {
	turn, err := d.turn()
	if err != nil {
		return err
	}
	r.Delay, r.Source = turn.Delay, turn.Source
	if err := turn.Wait(d.ctx); err != nil {
		d.paid.refund(d.step.budget)
		return err
	}
	resp, err := d.step.next.RoundTrip(d.request()) //nolint:bodyclose // the reader of the download closes it
	resp, err = lawful(d.ctx, resp, err)
	if err != nil {
		return err
	}
	r.Status = resp.StatusCode
	size, length, err := d.fits(resp)
	if err != nil {
		drain(d.ctx, resp, 0)
		return err
	}
	if resp.ContentLength < 0 { // else net/http sees to that
		resp.Body = &bounded{io.LimitReader(resp.Body, length), resp.Body}
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
	if !d.paced() {
		var ok bool
		if d.paid, ok = s.budget.spend(d.target, FailureCost); !ok {
			return slot.Turn{}, ErrBudget
		}
	}
	turn, err := s.plan.Next(d.ctx, d.target, slot.Feedback{Attempt: d.stalled, Result: slot.Failed}, 0)
	if err != nil {
		d.paid.refund(s.budget)
	}
	return turn, err
}

// paced reports whether a pacer bounds the requests, in place of the budget.
func (d *download) paced() bool { return d.step.plan.Pacer != nil }

// request asks for the rest of the same version.
func (d *download) request() *http.Request {
	req := d.req.Clone(d.ctx)
	req.Header.Set("Range", "bytes="+strconv.FormatInt(d.offset, 10)+"-")
	req.Header.Set("If-Range", d.etag)
	return req
}

// bounded is the body of a part, cut where its Content-Range ends: what a server sends beyond
// that is not what was asked for.
type bounded struct {
	io.Reader
	io.Closer
}
