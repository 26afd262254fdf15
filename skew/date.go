package skew

import (
	"net/http"
	"time"
)

const (
	// dateStep is the grain of an HTTP-date: it is cut to whole seconds.
	dateStep = time.Second
	// dateLag is how old it may be when it is sent: servers look at the clock about once a
	// second and write what they saw then.
	dateLag = time.Second
)

// dateOffset bounds the offset of the clock that wrote a response's Date, from the local
// times at which the request was sent and the response received (Cristian, "Probabilistic
// Clock Synchronization", 1989; RFC 9110, 6.6.1): at some moment in between, that clock
// showed at least the date, and less than the grain and the lag more.
//
// ok is false when there is no Date, and when Age says that it is the Date of a stored
// response (RFC 9111, 5.1).
func dateOffset(sent, received time.Time, h http.Header) (_ span, ok bool) {
	date := h["Date"]
	if len(date) != 1 || len(h["Age"]) > 0 || received.Before(sent) {
		return span{}, false
	}
	t, err := http.ParseTime(date[0])
	if err != nil {
		return span{}, false
	}
	s, err := Sample{Low: t.Sub(received), High: t.Add(dateStep + dateLag).Sub(sent)}.span()
	return s, err == nil
}

// witness is a server that writes Dates, and what they say together.
type witness struct {
	host string
	span span
	at   time.Duration // local time, since the anchor, before the last one was written
}

// hear adds what a Date says. Where it contradicts those before, the server's clock was
// set, or another server behind the name answered, or a cache that hides it: then either
// may be right, and the next Dates tell.
func (w *witness) hear(s span, at time.Duration, r drift) {
	known := w.span.grow(r.in(at - w.at))
	if known.meets(s) {
		w.span = known.intersect(s)
	} else {
		w.span = known.hull(s)
	}
	w.at = at
}
