package redistest_test

import (
	"testing"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemredis"
	"github.com/goaroundhq/goaround/idem/idemredis/redistest"
)

// A test over a real server, which keeps what it was told when it dies.
func ExampleStart() {
	var t *testing.T // of your test
	server := redistest.Start(t, redistest.WithAOF())
	guard := idem.NewGuard(idemredis.New(server.Client()))

	server.Kill()
	server.Restart()
	_ = guard // and what your program makes of it
}
