package nemesis_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/benchmarks/faults/nemesis"
	"github.com/goaroundhq/goaround/benchmarks/faults/site"
)

func TestParse(t *testing.T) {
	t.Parallel()
	everywhere := []string{
		"client-kill", "client-stop", "cut-client", "cut-store", "lost-reply", "lost-response", "pacer-gone",
		"server-kill", "server-stop", "slow-client", "slow-store", "store-stop",
	}
	plus := func(more ...string) []string { return slices.Sorted(slices.Values(append(more, everywhere...))) }
	for _, test := range []struct {
		names string
		kind  site.Kind
		want  []string // nil for an error
	}{
		{"all", site.Redis, plus("oom", "script-flush")},
		{"all", site.RedisAOF, plus("oom", "script-flush", "store-kill")},
		{"all", site.Sentinel, plus("oom", "script-flush")},
		{"all", site.Cluster, plus("oom", "script-flush", "store-kill")},
		{"all", site.SQL, plus("store-kill")},
		{"all,redis-empty", site.Redis, plus("oom", "redis-empty", "script-flush")},
		{"all, failover", site.Sentinel, plus("failover", "oom", "script-flush")},
		{"oom,cut-store,oom", site.Redis, []string{"cut-store", "oom"}},
		{"none", site.SQL, []string{}},
		{"oom", site.SQL, nil},
		{"store-kill", site.Redis, nil},
		{"failover", site.Cluster, nil},
		{"flood", site.Redis, nil},
		{"", site.Redis, nil},
	} {
		found, err := nemesis.Parse(test.names, test.kind)
		names := []string{}
		for _, n := range found {
			names = append(names, n.Name)
		}
		if test.want == nil && err == nil || test.want != nil && !reflect.DeepEqual(names, test.want) {
			t.Errorf("%q on %s: %q, %v, want %q", test.names, test.kind, names, err, test.want)
		}
	}
}

// Each says what it does, which reports print.
func TestDoc(t *testing.T) {
	t.Parallel()
	for _, n := range nemesis.All() {
		if n.Doc == "" {
			t.Errorf("%s says nothing", n.Name)
		}
	}
}

// A strike whose context has ended mends what it did, and the same seed does the same.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, site.RedisAOF)
	found, err := nemesis.Parse("all", site.RedisAOF)
	ok(t, err)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	atOnce := []string{"script-flush"}
	strikes := func() []string {
		w.seed(7)
		for _, n := range found {
			if n.Name == "client-kill" || n.Name == "server-kill" {
				continue // nobody starts a process again
			}
			if _, err := n.Strike(over, w.World); !errors.Is(err, context.Canceled) && !slices.Contains(atOnce, n.Name) {
				t.Errorf("%s, interrupted: %v", n.Name, err)
			}
		}
		return w.told()
	}
	first, second := strikes(), strikes()
	if len(first) != len(found)-2 || !reflect.DeepEqual(first, second) {
		t.Errorf("with the same seed:\n%q\n%q", first, second)
	}
	for _, st := range []site.Store{w.Site.Store(0), w.Site.Pacer(0)} {
		ok(t, redisOf(t, st).Set(t.Context(), "key", "value", 0).Err())
	}
	e := newEffects(t, w)
	if err := e.ask(); err != nil {
		t.Errorf("a call after all strikes: %v", err)
	}
	for _, c := range []*cat{w.server, w.client} {
		if got, err := c.says("line", time.Minute); got != "line" {
			t.Errorf("a process says %q, %v", got, err)
		}
	}
}
