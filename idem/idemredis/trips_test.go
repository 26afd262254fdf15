package idemredis_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemredis/redistest"
)

// What the server's own statistics count for a step: one EVALSHA, and what the script does
// inside of the server.
func TestTrips(t *testing.T) {
	t.Parallel()
	client := redistest.Start(t).Client()
	store := open(t, client)
	warm := newID()
	complete(t, store, acquire(t, store, warm))
	id := newID()
	var claim idem.Claim
	for _, step := range []struct {
		name string
		do   func()
		want map[string]int // besides what the test itself asks
	}{
		{"first run", func() {
			claim = acquire(t, store, id)
			complete(t, store, claim)
		}, map[string]int{"evalsha": 2, "time": 2, "get": 2, "set": 2, "pexpire": 1}},
		{"replay", func() {
			expect(t, store, id, idem.Done)
		}, map[string]int{"evalsha": 1, "time": 1, "get": 1}},
		{"completed again", func() {
			complete(t, store, claim)
		}, map[string]int{"evalsha": 1, "time": 1, "get": 1, "pttl": 1, "pexpire": 1}},
	} {
		reset(t, client)
		step.do()
		if got := calls(t, client); !maps.Equal(got, step.want) {
			t.Errorf("%s: server ran %v, want %v", step.name, got, step.want)
		}
	}
}

// A server that has forgotten its scripts costs one more trip, once.
func TestScriptsFlushed(t *testing.T) {
	t.Parallel()
	client := redistest.Start(t).Client()
	store := open(t, client)
	id := newID()
	complete(t, store, acquire(t, store, id))
	if err := client.ScriptFlush(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	reset(t, client)
	expect(t, store, id, idem.Done)
	expect(t, store, id, idem.Done)
	if got := calls(t, client); got["eval"] != 1 || got["evalsha"] != 2 {
		t.Errorf("server ran %v, want two EVALSHA and one EVAL", got)
	}
}

func reset(t *testing.T, client redis.UniversalClient) {
	t.Helper()
	if err := client.ConfigResetStat(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
}

// calls returns how often each command ran since reset.
func calls(t *testing.T, client redis.UniversalClient) map[string]int {
	t.Helper()
	info, err := client.Info(t.Context(), "commandstats").Result()
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for line := range strings.Lines(info) {
		name, stats, ok := strings.Cut(strings.TrimPrefix(line, "cmdstat_"), ":calls=")
		if !ok || name == "config|resetstat" {
			continue
		}
		var n int
		if _, err := fmt.Sscanf(stats, "%d", &n); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		counts[name] = n
	}
	return counts
}
