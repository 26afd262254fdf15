package server_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

func TestHandlerSaysHowItEnded(t *testing.T) {
	t.Parallel()
	t.Run("nothing happened", func(t *testing.T) {
		t.Parallel()
		s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if !server.NothingHappened(context.WithoutCancel(r.Context())) {
				t.Error("not heard")
			}
			w.WriteHeader(http.StatusInternalServerError)
		})
		s.post("k")
		s.post("k")
		s.expectRuns(2)
		if a := s.lastAnswer(); a.Ending != idem.Released || a.Err != nil {
			t.Errorf("answer %+v", a)
		}
	})
	t.Run("outcome unknown", func(t *testing.T) {
		t.Parallel()
		s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if !server.OutcomeUnknown(r.Context()) {
				t.Error("not heard")
			}
			w.WriteHeader(http.StatusBadGateway)
		})
		s.expect(s.post("k"), http.StatusBadGateway, "")
		r := s.post("k")
		s.expectProblem(r, http.StatusConflict, idem.OutcomeUnknown)
		if r.header.Get("Retry-After") != "" {
			t.Error("a client is asked to come back for nothing")
		}
		s.expectRuns(1)
		s.expectOutcomes(server.Executed, server.Outcome(idem.OutcomeUnknown))
	})
}

// The hint grows with the time that the first request has taken, and ends with its lease.
func TestInProgressHint(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		age, leaseLeft time.Duration
		want           string
	}{
		{0, 30 * time.Second, "1"},
		{time.Second, 30 * time.Second, "1"},
		{1500 * time.Millisecond, 30 * time.Second, "2"},
		{time.Hour, 30 * time.Second, "2"},
		{time.Hour, time.Second, "1"},
		{0, time.Millisecond, "1"},
		{0, 0, "1"},
	} {
		w := httptest.NewRecorder()
		pending := &pendingStore{Memory: idem.NewMemory(), result: idem.ClaimResult{State: idem.Pending, Age: tt.age, LeaseLeft: tt.leaseLeft}}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)
		r.Header.Set(idem.Header, "k")
		server.New(pending, server.WithSharedScope())(http.HandlerFunc(created)).ServeHTTP(w, r)
		if got := w.Header().Get("Retry-After"); got != tt.want {
			t.Errorf("running for %v, lease for %v: Retry-After %q, want %q", tt.age, tt.leaseLeft, got, tt.want)
		}
	}
}

// pendingStore says of every operation that it is in progress.
type pendingStore struct {
	*idem.Memory
	result idem.ClaimResult
}

func (s *pendingStore) Claim(context.Context, idem.ClaimRequest) (idem.ClaimResult, error) {
	return s.result, nil
}

func TestHandlerKnowsItsAttempt(t *testing.T) {
	t.Parallel()
	s := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		a, ok := idem.FromContext(r.Context())
		key, ok2 := idem.DownstreamKey(r.Context(), "charge")
		if !ok || !ok2 || a.Key != "order 17" || a.Number != 1 || a.Fence == 0 || len(key) != 64 {
			t.Errorf("attempt %+v, %v; downstream key %q, %v", a, ok, key, ok2)
		}
		if want := idem.NewID("shop", idem.SharedScope, "POST", "/orders", "order 17"); a.ID != want {
			t.Errorf("ID %v, want %v", a.ID, want)
		}
	}, server.WithNamespace("shop"))
	s.expect(s.post(`"order 17"`), 200, "")
}
