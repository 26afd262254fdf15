package idem_test

import (
	"testing"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemtest"
)

func TestMemoryConformance(t *testing.T) {
	t.Parallel()
	idemtest.Run(t, idemtest.Target{
		Open:        func(*testing.T) idem.Store { return idem.NewMemory() },
		OpenBounded: func(_ *testing.T, n int64) idem.Store { return idem.NewMemory(idem.WithMaxBytes(n)) },
		Bubble:      true,
	})
}
