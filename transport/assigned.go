package transport

import (
	"context"
	"errors"
	"math"
	"net/http"
	"time"

	"github.com/dunglas/httpsfv"

	"github.com/goaroundhq/goaround/skew"
	"github.com/goaroundhq/goaround/slot"
)

// The fields by which a server gives a caller a slot of its own, and knows it again
// (package server, Admission).
const (
	// SlotHeader, on a response 429 or 503, is the time until the caller's slot in
	// milliseconds, an Integer of RFC 9651, at least 1, with the ticket for it as the String t:
	//
	//	Admission-Slot: 1250;t="dGlja2V0"
	//
	// With a ticket, a seat is kept: the attempt then costs no budget and counts little
	// (WithMaxAttempts), and no pacer makes it later. A response with Age is from a cache
	// and gives nobody a slot.
	SlotHeader = "Admission-Slot"
	// TicketHeader is a String of RFC 9651, on the attempt made at that time.
	TicketHeader = "Admission-Ticket"
)

// maxSeats is how many seats in a call are taken without being counted and paid for.
const maxSeats = 32

// hint is what a response asks of the next attempt.
type hint struct {
	wait     time.Duration
	assigned bool   // the wait is for this caller alone
	ticket   string // the value of TicketHeader; "" for none
}

func hintOf(resp *http.Response, clock *skew.Clock) hint {
	if resp == nil || len(resp.Header) == 0 {
		return hint{}
	}
	if h, ok := assignedSlot(resp); ok {
		return h
	}
	return hint{wait: retryAfter(resp, clock)}
}

// RetryAfter returns how long a response asks to wait before the next attempt, 0 when it does
// not ask or asks for a time that is past. In this order it reads [SlotHeader],
// Retry-After-Ms, Retry-After, and the reset of a rate limit. A point in time is measured
// from the response's own Date or, without one, by clock; a nil clock is the operating
// system's.
func RetryAfter(resp *http.Response, clock *skew.Clock) time.Duration {
	return hintOf(resp, clock).wait
}

func assignedSlot(resp *http.Response) (hint, bool) {
	values := resp.Header[SlotHeader]
	if len(values) == 0 || !refused(resp) || resp.Header.Get("Age") != "" {
		return hint{}, false
	}
	item, err := httpsfv.UnmarshalItem(values)
	if err != nil {
		return hint{}, false
	}
	ms, ok := item.Value.(int64)
	if !ok || ms < 1 {
		return hint{}, false
	}
	h := hint{wait: milliseconds(float64(ms)), assigned: true}
	if t, ok := item.Params.Get("t"); ok {
		if ticket, ok := t.(string); ok {
			h.ticket, _ = httpsfv.Marshal(httpsfv.NewItem(ticket)) // it was read as a String
		}
	}
	return h, true
}

// refused reports whether the server had no room for the request.
func refused(resp *http.Response) bool {
	return resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusServiceUnavailable
}

// milliseconds is a number of them, the end of time when it is too large.
func milliseconds(ms float64) time.Duration {
	ns := math.Ceil(ms * 1e6)
	if ns >= math.MaxInt64 {
		return math.MaxInt64
	}
	return time.Duration(ns)
}

// exact is a pacer for a wait that must not be spread. It stands in for the one of the plan
// where that fails or is not to be asked, and where there is none.
type exact struct {
	pacer slot.Pacer // of the plan; may be nil
	seat  bool       // the server has a place in its line: another one would make the caller late
	wait  time.Duration
	used  bool
	err   error // of the pacer
}

func (e *exact) Reserve(ctx context.Context, target string, f slot.Feedback) (slot.Reservation, error) {
	switch {
	case e.seat:
		e.Report(target, f)
	case e.pacer != nil:
		r, err := e.pacer.Reserve(ctx, target, f)
		if err == nil || errors.Is(err, slot.ErrDeadline) || ctx.Err() != nil {
			return r, err
		}
		e.err = err
	}
	e.used = true
	return fixed(e.wait), nil
}

func (e *exact) Report(target string, f slot.Feedback) {
	if e.pacer != nil {
		e.pacer.Report(target, f)
	}
}

// fixed is a slot that is that far away.
type fixed time.Duration

func (f fixed) Delay() time.Duration { return time.Duration(f) }
func (fixed) Cancel()                {}
