package slotredis_test

import (
	"testing"

	"github.com/goaroundhq/goaround/idem/idemredis/redistest"
	"github.com/goaroundhq/goaround/slot/book"
)

// What a question costs, the trip to a server on the same machine included.
func BenchmarkAsk(b *testing.B) {
	store := open(b, redistest.Start(b).Client())
	for b.Loop() {
		if _, err := store.Ask(b.Context(), target, book.Rules{}, book.Ask{Waiting: 1, New: 1, Want: 1}); err != nil {
			b.Fatal(err)
		}
	}
}
