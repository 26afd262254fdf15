package slot_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/slot/book"
)

// maxBooks is how many books a Memory keeps.
const maxBooks = 4096

// takeDown has the memory know a target as down.
func takeDown(t testing.TB, m *slot.Memory, target string) {
	t.Helper()
	if mode := askMemory(t, m, target, book.Ask{Old: book.Tally{Failed: 100}}).Mode; mode != book.Down {
		t.Fatalf("after 100 failures the target is %v", mode)
	}
}

func askMemory(t testing.TB, m *slot.Memory, target string, a book.Ask) book.Answer {
	t.Helper()
	answer, err := m.Ask(t.Context(), target, book.Rules{}, a)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// A book that nobody has asked for in 15 minutes begins anew, whether or not it was swept.
func TestMemoryForgets(t *testing.T) {
	t.Parallel()
	for name, swept := range map[string]bool{"swept": true, "asked for again": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := slot.NewMemory()
				time.Sleep(10 * time.Minute)
				takeDown(t, m, target)
				takeDown(t, m, "asked for")
				time.Sleep(14 * time.Minute)
				if mode := askMemory(t, m, "asked for", book.Ask{}).Mode; mode != book.Down {
					t.Errorf("after 14 minutes the target is %v, want down", mode)
				}
				time.Sleep(2 * time.Minute)
				if swept {
					askMemory(t, m, "another", book.Ask{}) // the last sweep was long ago
					if m.Books() != 2 {
						t.Errorf("%d books, want 2", m.Books())
					}
				}
				if mode := askMemory(t, m, target, book.Ask{}).Mode; mode != book.Clear {
					t.Errorf("after 16 minutes the target is %v, want clear", mode)
				}
				if mode := askMemory(t, m, "asked for", book.Ask{}).Mode; mode != book.Down {
					t.Errorf("two minutes after the last question the target is %v, want down", mode)
				}
			})
		})
	}
}

// However many targets there are, their books are bounded, and it is old ones that go.
func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := slot.NewMemory()
		for n := range maxBooks {
			takeDown(t, m, fmt.Sprint("old ", n))
		}
		time.Sleep(time.Second)
		for n := range maxBooks / 4 {
			takeDown(t, m, fmt.Sprint("new ", n))
		}
		if m.Books() != maxBooks {
			t.Errorf("%d books, want %d", m.Books(), maxBooks)
		}
		time.Sleep(time.Second)
		kept := 0
		for n := range maxBooks / 4 { // one that was lost takes the place of another
			if askMemory(t, m, fmt.Sprint("new ", n), book.Ask{}).Mode == book.Down {
				kept++
			}
		}
		if kept < maxBooks/4*9/10 {
			t.Errorf("only %d of the %d books that were asked for last are kept", kept, maxBooks/4)
		}
	})
}

// What somebody listens to is kept however old it is, also when it has no name.
func TestMemoryKeepsWhatIsListenedTo(t *testing.T) {
	t.Parallel()
	for name, flood := range map[string]int{"against time": 1, "against number": 3 * maxBooks} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := slot.NewMemory()
				ctx, cancel := context.WithCancel(t.Context())
				heard := make(chan book.Notice, 100)
				for _, name := range []string{"", target} {
					go func() { _ = m.Listen(ctx, name, func(n book.Notice) { heard <- n }) }()
				}
				synctest.Wait()
				time.Sleep(time.Hour)
				for n := range flood {
					askMemory(t, m, fmt.Sprint(n), book.Ask{})
				}
				for _, name := range []string{"", target} {
					takeDown(t, m, name)
					synctest.Wait()
					if len(heard) != 1 {
						t.Errorf("%d notices heard of %q, want 1", len(heard), name)
					}
					for len(heard) > 0 {
						<-heard
					}
				}
				cancel()
				synctest.Wait()
			})
		})
	}
}
