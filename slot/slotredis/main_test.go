package slotredis_test

import (
	"flag"
	"os"
	"testing"

	"github.com/redis/go-redis/v9/logging"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if os.Getenv(helperVariable) != "" {
		os.Exit(help())
	}
	flag.Parse()
	_ = flag.Set("test.parallel", "4") // tests mostly wait, however few processors there are
	logging.Disable()                  // servers are killed here, and go-redis tells of each dial
	goleak.VerifyTestMain(m)
}
