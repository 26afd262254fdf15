package nemesis_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/benchmarks/faults/site"
)

// effects is a server that counts what it does, called through its relay.
type effects struct {
	done   atomic.Int64
	client *http.Client
	url    string
}

func newEffects(t *testing.T, w *world) *effects {
	t.Helper()
	e := &effects{
		client: &http.Client{Transport: &http.Transport{}, Timeout: 100 * time.Millisecond},
		url:    "http://" + w.Site.Servers(0)[0],
	}
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { e.done.Add(1) }))
	t.Cleanup(server.Close)
	t.Cleanup(e.client.CloseIdleConnections)
	ok(t, w.Site.ServerAt(0, server.Listener.Addr().String()))
	return e
}

// ask has the server do something.
func (e *effects) ask() error {
	res, err := e.client.Post(e.url, "text/plain", strings.NewReader("do"))
	if err == nil {
		err = res.Body.Close()
	}
	return err
}

func TestClientLinks(t *testing.T) {
	t.Parallel()
	w := newWorld(t, site.Redis)
	e := newEffects(t, w)
	e.client.Timeout = time.Minute
	ok(t, e.ask())
	e.client.Timeout = 100 * time.Millisecond
	for seed, how := range map[uint64]string{2: "silently: false", 11: "silently: true"} {
		w.seed(seed)
		w.during(t, "cut-client", func() bool { return e.ask() != nil })
		if told := w.told()[0]; !strings.HasSuffix(told, how) {
			t.Errorf("with seed %d %s, want: %s", seed, told, how)
		}
	}
	e.client.Timeout = time.Minute
	ok(t, e.ask())
	w.during(t, "slow-client", func() bool {
		start := time.Now()
		ok(t, e.ask())
		return time.Since(start) > 2*time.Millisecond // the least latency, there and back
	})
	ok(t, e.ask())
}

// A response is lost after its effect.
func TestLostResponse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, site.Redis)
	e := newEffects(t, w)
	e.client.Timeout = time.Minute
	asked, lost := int64(0), 0
	w.during(t, "lost-response", func() bool {
		asked++
		if e.ask() != nil {
			lost++
		}
		return lost > 0
	})
	if done := e.done.Load(); done != asked {
		t.Errorf("%d effects of %d calls, of which %d got no response", done, asked, lost)
	}
	ok(t, e.ask())
}

func TestStoreLinks(t *testing.T) {
	t.Parallel()
	w := newWorld(t, site.Redis)
	store := w.store(t)
	ok(t, store.Ping(t.Context()).Err())
	w.during(t, "cut-store", func() bool { return !answers(store) })
	ok(t, store.Ping(t.Context()).Err())
	w.during(t, "slow-store", func() bool {
		start := time.Now()
		ok(t, store.Ping(t.Context()).Err())
		return time.Since(start) > 2*time.Millisecond
	})
	ok(t, store.Ping(t.Context()).Err())
}

// A reply of the store is lost after its effect.
func TestLostReply(t *testing.T) {
	t.Parallel()
	w := newWorld(t, site.Redis)
	store, direct := w.store(t), w.Site.Redis()[0]
	ok(t, store.Ping(t.Context()).Err())
	// The client tries again by itself, so that what was done once was done twice.
	asked := 0
	w.during(t, "lost-reply", func() bool {
		asked++
		_ = store.Incr(t.Context(), "done").Err() // when each try lost its reply
		done, err := direct.Get(t.Context(), "done").Int()
		ok(t, err)
		return done > asked
	})
	ok(t, store.Ping(t.Context()).Err())
}

// Where nobody answers, nothing is lost.
func TestNothingToLose(t *testing.T) {
	t.Parallel()
	w := newWorld(t, site.Redis)
	for _, name := range []string{"lost-response", "lost-reply"} {
		if err := <-w.strike(t, name); !errors.Is(err, errMissed) {
			t.Errorf("%s: %v, want that it hits nobody", name, err)
		}
	}
}
