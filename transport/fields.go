package transport

import (
	"net/http"
	"strconv"
	"time"
)

// AttemptHeader tells the server which attempt of a call a request is: an Integer of RFC
// 9651, with the most attempts that there may be as max, unless there is no such bound (one
// more for each that is not counted, see [WithMaxAttempts]), and the milliseconds left before
// the caller's deadline as left, if it has one:
//
//	Request-Attempt: 2;max=4;left=8450
//
// A server under load may turn away repeated attempts first, and those that have no time left.
const AttemptHeader = "Request-Attempt"

// WithAttemptHeader sends [AttemptHeader] with every attempt. The default does not.
func WithAttemptHeader() Option { return func(c *config) { c.attemptHeader = true } }

// header returns the header of the next attempt, nil when it is that of the caller.
func (c *call) header() http.Header {
	if c.ticket == "" && !c.step.attemptHeader {
		return nil
	}
	h := make(http.Header, len(c.req.Header)+2)
	for name, values := range c.req.Header {
		h[name] = values[:len(values):len(values)]
	}
	if c.ticket != "" {
		h[TicketHeader] = []string{c.ticket}
	}
	if c.step.attemptHeader {
		h[AttemptHeader] = []string{c.attemptField()}
	}
	return h
}

func (c *call) attemptField() string {
	field := strconv.AppendInt(make([]byte, 0, 32), int64(c.attempt), 10)
	if most := c.step.plan.MaxAttempts; most > 0 {
		field = strconv.AppendInt(append(field, ";max="...), int64(most+c.seats), 10)
	}
	if deadline, ok := c.req.Context().Deadline(); ok {
		left := max(time.Until(deadline), 0).Milliseconds()
		field = strconv.AppendInt(append(field, ";left="...), left, 10)
	}
	return string(field)
}
