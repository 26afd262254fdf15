package server

import "net/http"

// Header fields of the protocol between [Admission] and the clients that it refuses,
// in canonical form. Both are defined as structured fields (RFC 9651).
const (
	// SlotHeader is on a refusal: an Item, the Integer of milliseconds from this
	// response to the caller's slot. Its parameter t, when there is one, is the String
	// to send back: the ticket of the seat that is kept there.
	//
	//	Admission-Slot: 1250;t="WJ3kq0pS6nR1yqzXc2dE5g"
	SlotHeader = "Admission-Slot"
	// TicketHeader is on the request that comes for a seat: an Item, the String that the
	// parameter t was.
	TicketHeader = "Admission-Ticket"
)

// Admission returns middleware that bounds what the handlers in it get, all together,
// and gives each caller whom it refuses a slot of its own: the time at which the line
// that forms in front of a full server is expected to have moved up to it.
//
// The answer to a refused caller is 503 with Retry-After, in whole seconds, rounded up,
// and with [SlotHeader], to the millisecond and with a ticket. (Without a waiting room,
// Retry-After is a second more for a random half, because those who go by it come all
// together.) A client that understands it comes back at its slot and shows the ticket. Its seat is kept for a
// grace ([WithGrace]): it goes in before everybody whose slot is later and before
// everybody who has none, and waits inside for a moment when no place is free yet. One
// that does not understand it obeys Retry-After and is served like anyone who comes at
// that time. No place stays empty for a seat: who is there when nobody is before it goes
// in. Callers who ignore what they are told, and ask all the time, can therefore be served
// before others who obey; these then wait for longer than their turn would be, but no
// longer than a slot lies ahead ([WithHorizon]): 10 s, or what the line has lasted.
//
// A refusal says that nothing happened. Mount it outside of [New], so that a refused
// request claims no idempotency key, and inside of what keeps a single client from asking
// too often, because each refusal gives away a slot:
//
//	admit := server.Admission(server.AdmitConcurrency(64))
//	http.Handle("POST /orders", admit(once(createOrder)))
//
// It is not for handlers whose requests last for as long as a client likes, such as
// WebSockets: how long a place is taken is what slots are computed from. A place is free
// when the handler in it returns: http.TimeoutHandler inside of it returns while its own
// handler runs on, so put that outside. A deadline of the request's context that ends while
// the request waits is answered like any refusal; a client that hangs up leaves the line,
// but over HTTP/1 that is not noticed as long as its request has a body that nobody has
// read, and then it waits to the end and may get a place. Each process
// keeps its own line, in memory of at most about 8 MiB, and only its own tickets are of
// use in it; any other is as good as none.
//
// It panics when the limit is the zero value.
func Admission(limit Limit, opts ...AdmissionOption) func(http.Handler) http.Handler {
	if limit.capacity == nil {
		panic("server: Admission needs AdmitConcurrency or AdmitRate")
	}
	c := newAdmissionConfig(opts)
	l := newLine(limit.capacity(), c)
	return func(next http.Handler) http.Handler {
		return &admission{line: l, observer: c.observer, next: next}
	}
}

type admission struct {
	line     *line
	observer AdmissionObserver
	next     http.Handler
}

func (a *admission) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	d := a.line.enter(ctx, parseTicket(r.Header[TicketHeader]))
	admitted := d.Verdict == Admitted
	if admitted {
		defer a.line.leave(d.since) // after a panic, too
	}
	if a.observer.Decided != nil {
		a.observer.Decided(ctx, d.Entry)
	}
	if !admitted {
		turnAway(w, d.Slot, d.ticket, a.line.room == 0)
		return
	}
	a.next.ServeHTTP(w, r)
}
