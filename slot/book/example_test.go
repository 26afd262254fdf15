package book_test

import (
	"fmt"
	"time"

	"github.com/goaroundhq/goaround/slot/book"
)

// A member and its keeper in one process. Whoever drives them passes the time.
func Example() {
	var keeper book.Book
	member := book.NewMember(book.Rules{}, 1, 1)

	now := book.Instant(0)
	member.Wait(now, 42, book.Feedback{Result: book.Rejected, Latency: 30 * time.Millisecond, Attempt: 1})
	for {
		if ask, due := member.Step(now); due {
			member.Answered(now, keeper.Step(book.Rules{}, now, ask))
		}
		for _, grant := range member.Granted(now) {
			fmt.Printf("caller %d may try again after %v\n", grant.Caller, time.Duration(now)*time.Microsecond)
		}
		wake, ok := member.Wake()
		if !ok {
			break
		}
		now = wake // or sleep until then
	}
	// Output: caller 42 may try again after 50ms
}
