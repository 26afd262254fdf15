package servertest_test

import (
	"testing"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server/servertest"
)

// The whole test of the middleware over a store of your own.
func ExampleRun() {
	testOverHTTP := func(t *testing.T) {
		servertest.Run(t, servertest.Target{
			Open: func(*testing.T) idem.Store { return idem.NewMemory() }, // yours instead
			Unit: 200 * time.Millisecond,
		})
	}
	_ = testOverHTTP // go test calls it when it is a function TestOverHTTP
}
