package servertest_test

import (
	"testing"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server/servertest"
)

func TestMemory(t *testing.T) {
	t.Parallel()
	servertest.Run(t, servertest.Target{
		Open:        func(*testing.T) idem.Store { return idem.NewMemory() },
		OpenBounded: func(_ *testing.T, n int64) idem.Store { return idem.NewMemory(idem.WithMaxBytes(n)) },
		Unit:        100 * time.Millisecond,
	})
}

// A store that can do no more than it must, and that all rules share.
func TestSharedStore(t *testing.T) {
	t.Parallel()
	shared := struct{ idem.Store }{idem.NewMemory()}
	servertest.Run(t, servertest.Target{
		Open: func(*testing.T) idem.Store { return shared },
		Unit: 100 * time.Millisecond,
	})
}
