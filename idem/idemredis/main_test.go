package idemredis_test

import (
	"os"
	"testing"

	"github.com/redis/go-redis/v9/logging"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if os.Getenv(racerVariable) != "" {
		os.Exit(race())
	}
	logging.Disable() // servers are killed here, and go-redis tells of each dial
	goleak.VerifyTestMain(m)
}
