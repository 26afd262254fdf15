package idemredis_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemredis/redistest"
	"github.com/goaroundhq/goaround/idem/idemtest"
	"github.com/goaroundhq/goaround/server/servertest"
)

// The suite passes whatever stands between the store and its records. The suites mostly
// wait, so all run at once, whatever else runs.
func TestConformance(t *testing.T) {
	t.Parallel()
	var wg sync.WaitGroup
	defer wg.Wait()
	for name, client := range map[string]func(*testing.T) redis.UniversalClient{
		"Server":       func(t *testing.T) redis.UniversalClient { return redistest.Start(t).Client() },
		"AutoPipeline": func(t *testing.T) redis.UniversalClient { return autoPipeline(t, redistest.Start(t).Client()) },
		"Cluster":      func(t *testing.T) redis.UniversalClient { return redistest.StartCluster(t).Client() },
		"Sentinel":     afterFailover,
	} {
		wg.Go(func() {
			t.Run(name, func(t *testing.T) {
				store := open(t, client(t))
				idemtest.Run(t, idemtest.Target{
					Open:     func(*testing.T) idem.Store { return store },
					Unit:     200 * time.Millisecond,
					Parallel: true,
				})
			})
		})
	}
}

// afterFailover returns a client that has seen its master die.
func afterFailover(t *testing.T) redis.UniversalClient {
	sentinel := redistest.StartSentinel(t)
	client := sentinel.Client()
	ok(t, client.Ping(t.Context()).Err())
	sentinel.KillMaster()
	sentinel.AwaitPromotion()
	eventually(t, "the client follows", func() bool { return client.Set(t.Context(), "key", "value", 0).Err() == nil })
	return client
}

func TestServerScenarios(t *testing.T) {
	t.Parallel()
	store := open(t, redistest.Start(t).Client())
	servertest.Run(t, servertest.Target{Open: func(*testing.T) idem.Store { return store }})
}

// What the store is for: many processes are asked for one operation, one runs it, and all
// return its result.
func TestDo(t *testing.T) {
	t.Parallel()
	const callers = 50
	server := redistest.Start(t)
	op := idem.Operation{Name: "charge", Scope: "customer-7", Key: "order-17"}
	var runs atomic.Int32
	var wg sync.WaitGroup
	for range callers {
		guard := idem.NewGuard(open(t, server.Client()), idem.WithWait(hang))
		wg.Go(func() {
			got, err := idem.Do(t.Context(), guard, op, func(context.Context) (string, error) {
				runs.Add(1)
				return "receipt", nil
			})
			if err != nil || got != "receipt" {
				t.Errorf("Do = %q, %v", got, err)
			}
		})
	}
	wg.Wait()
	if n := runs.Load(); n != 1 {
		t.Errorf("ran %d times", n)
	}
}
