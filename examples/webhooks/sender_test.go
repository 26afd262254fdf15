package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/transport"
)

func TestRedirectIsNoDelivery(t *testing.T) {
	t.Parallel()
	for _, code := range []int{http.StatusFound, http.StatusTemporaryRedirect} {
		reached := false
		mux := http.NewServeMux()
		mux.Handle("/old", http.RedirectHandler("/new", code))
		mux.HandleFunc("/new", func(http.ResponseWriter, *http.Request) { reached = true })
		delivered, dead := start(t, mux)("/old", 1)
		if len(delivered) != 0 || len(dead) != 1 || reached {
			t.Errorf("%d: delivered %v, dead %v; followed: %v", code, delivered, dead, reached)
		}
	}
}

// The key is the event's ID on each attempt, also for endpoints that look at the key only.
func TestKeyIsTheEventsID(t *testing.T) {
	t.Parallel()
	attempts := 0
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key, err := idem.ParseHeader(r.Header[idem.Header])
		if id := r.Header.Get(standardwebhooks.HeaderWebhookID); err != nil || key != "evt_1" || id != key {
			t.Errorf("the key is %q (%v), and the event %q", key, err, id)
		}
		if attempts++; attempts == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	if delivered, dead := start(t, h)("/", 1); len(delivered) != 1 || attempts != 2 {
		t.Errorf("delivered %v, dead %v, in %d attempts", delivered, dead, attempts)
	}
}

// An endpoint that fails all the time uses up its own retries, and not those of another one on
// the same host.
func TestEndpointsHaveRetriesOfTheirOwn(t *testing.T) {
	t.Parallel()
	var attempts atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("/broken", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	mux.HandleFunc("/fickle", func(http.ResponseWriter, *http.Request) {
		if attempts.Add(1) == 1 {
			panic(http.ErrAbortHandler)
		}
	})
	send := start(t, mux)
	_, dead := send("/broken", 200) // as many retries are more than the budget of a target allows
	if !slices.ContainsFunc(dead, func(l letter) bool { return errors.Is(l.err, transport.ErrBudget) }) {
		t.Fatalf("the budget is not spent: %v", dead)
	}
	if delivered, dead := send("/fickle", 1); len(delivered) != 1 {
		t.Errorf("not delivered: %v", dead)
	}
}

// start starts a platform, and returns what sends so many events to one of its endpoints.
func start(t *testing.T, platform http.Handler) func(path string, events int) (delivered, dead []letter) {
	t.Helper()
	server := httptest.NewServer(platform)
	t.Cleanup(server.Close)
	base := &http.Transport{}
	t.Cleanup(base.CloseIdleConnections)
	s, err := newSender(base)
	if err != nil {
		t.Fatal(err)
	}
	return func(path string, events int) (delivered, dead []letter) {
		letters := make([]letter, events)
		for i := range letters {
			letters[i] = letter{url: server.URL + path, event: event{ID: fmt.Sprint("evt_", i+1)}}
		}
		return s.deliver(t.Context(), letters)
	}
}
