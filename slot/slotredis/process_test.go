package slotredis_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/goaroundhq/goaround/idem/idemredis/redistest"
	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/slot/slotredis"
)

const (
	helperVariable = "SLOTREDIS_HELPER" // address of Redis
	urlVariable    = "SLOTREDIS_URL"    // of the server that is called
	helperCallers  = 40
)

// help is what another process runs: callers of the server who take turns with those of
// other processes. Its exit status is the number of those who were not served.
func help() int {
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	client := redis.NewClient(&redis.Options{Addr: os.Getenv(helperVariable), ContextTimeoutEnabled: true})
	defer client.Close() //nolint:errcheck // the process ends
	plan := &slot.Plan{Pacer: slot.NewQueue(slot.WithStore(slotredis.New(client)))}
	call := func(ctx context.Context) (bool, error) { return get(ctx, os.Getenv(urlVariable)) }
	var callers sync.WaitGroup
	unserved := make(chan error, helperCallers)
	for range helperCallers {
		callers.Go(func() {
			if _, err := slot.Do(ctx, plan, target, call, busyIsRejected); err != nil {
				unserved <- err
			}
		})
	}
	callers.Wait()
	close(unserved)
	n := 0
	for err := range unserved {
		fmt.Fprintln(os.Stderr, err)
		n++
	}
	return n
}

func get(ctx context.Context, url string) (bool, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return false, slot.Permanent(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return false, errBusy
	}
	return true, nil
}

// Processes that know nothing of each other but the store take turns at a real server.
func TestProcesses(t *testing.T) {
	t.Parallel()
	redisServer := redistest.Start(t)
	srv := newServer(100, 1500*time.Millisecond)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if !srv.serve() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		time.Sleep(50 * time.Millisecond) // its work
	}))
	t.Cleanup(web.Close)
	var helpers [3]*exec.Cmd
	for i := range helpers {
		helpers[i] = exec.CommandContext(t.Context(), os.Args[0])
		helpers[i].Env = append(os.Environ(), helperVariable+"="+redisServer.Addr(), urlVariable+"="+web.URL)
		helpers[i].Stderr = os.Stderr
		ok(t, helpers[i].Start())
	}
	for i := range helpers {
		if err := helpers[i].Wait(); err != nil {
			t.Errorf("process %d: %v", i, err)
		}
	}
	callers := len(helpers) * helperCallers
	n, asked := int(srv.calls.Load()), calls(t, redisServer.Client())["evalsha"]
	t.Logf("%.2f calls per caller, %.2f questions per retry", float64(n)/float64(callers), float64(asked)/float64(n-callers))
	if n > 5*callers {
		t.Errorf("%d calls for %d callers: they do not take turns", n, callers)
	}
}
