package server

import "time"

// ParseTicket returns the text of the ticket in a field, "" for none.
func ParseTicket(values []string) string {
	t := parseTicket(values)
	if t == (ticket{}) {
		return ""
	}
	return t.String()
}

// MaxSeats is how many seats are kept at most.
const MaxSeats = maxSeats

// Book is the book of an admission, for tests of its arithmetic.
type Book struct{ *book }

// NewBook returns an empty book.
func NewBook(horizon time.Duration) Book { return Book{newBook(horizon)} }

// Promise gives away the first free instant.
func (b Book) Promise(now, from, end, interval time.Duration, waiting int) (time.Duration, bool) {
	b.advance(now)
	at, ok := b.free(from, end, interval, waiting, 1)
	if ok {
		b.add(at)
	}
	return at, ok
}

// Cancel takes a promise back.
func (b Book) Cancel(at time.Duration) { b.cancel(at) }
