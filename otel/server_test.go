package otel_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/goaroundhq/goaround/idem"
	goaroundotel "github.com/goaroundhq/goaround/otel"
	"github.com/goaroundhq/goaround/server"
	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/transport"
)

// post sends requests with a key, "" for none, and returns the last status.
func post(t *testing.T, h http.Handler, path string, keys ...string) (status int) {
	t.Helper()
	for _, key := range keys {
		req := httptest.NewRequestWithContext(t.Context(), "POST", path, http.NoBody)
		if key != "" {
			req.Header.Set(idem.Header, key)
		}
		w := httptest.NewRecorder()
		func() {
			defer func() { _ = recover() }()
			h.ServeHTTP(w, req)
		}()
		status = w.Code
	}
	return status
}

func ok(http.ResponseWriter, *http.Request) {}

func TestServerCounts(t *testing.T) {
	t.Parallel()
	m := newMeters(t)
	once := server.New(idem.NewMemory(), server.WithSharedScope(), goaroundotel.Server(m.shop()...))
	mux := http.NewServeMux()
	mux.Handle("POST /orders/{id}", once(http.HandlerFunc(ok)))
	mux.Handle("POST /broken", once(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("bug") })))
	post(t, mux, "/orders/1", "a", "a", "a", "", "no\x00key")
	post(t, mux, "/orders/2", "a")
	post(t, mux, "/broken", "b", "b")
	m.want(t, map[string][]string{
		"idempotency.requests": {
			"executed,POST /broken 1", "executed,POST /orders/{id} 2", "ignored,POST /orders/{id} 1",
			"key-invalid,POST /orders/{id} 1", "outcome-unknown,POST /broken 1", "replayed,POST /orders/{id} 2",
		},
		"retry.duplicate_operations": {"POST /broken 1", "POST /orders/{id} 2"},
		"idempotency.claims":         {"acquired 3", "done 2", "unknown 1"},
		"idempotency.endings":        {"abandoned,ok 1", "completed,ok 2"},
	})
}

// Without a pattern of net/http the operation is what the option says, or not known.
func TestServerOperation(t *testing.T) {
	t.Parallel()
	for want, more := range map[string][]goaroundotel.Option{
		"_OTHER": nil, "create-order": {goaroundotel.WithOperation("create-order")},
	} {
		m := newMeters(t)
		h := server.New(idem.NewMemory(), server.WithSharedScope(), goaroundotel.Server(m.shop(more...)...))(http.HandlerFunc(ok))
		post(t, h, "/orders/1", "a", "a")
		m.want(t, map[string][]string{"retry.duplicate_operations": {want + " 1"}})
	}
}

// broken is a store that fails in the ways that it is told.
type broken struct {
	*idem.Memory
	claim, complete error
}

func (b *broken) Claim(ctx context.Context, r idem.ClaimRequest) (idem.ClaimResult, error) {
	if b.claim != nil {
		return idem.ClaimResult{}, b.claim
	}
	return b.Memory.Claim(ctx, r)
}

func (b *broken) Complete(ctx context.Context, c idem.Claim, fingerprint, record []byte, ttl time.Duration) error {
	if b.complete != nil {
		return b.complete
	}
	return b.Memory.Complete(ctx, c, fingerprint, record, ttl)
}

func TestServerCountsTroubleOfTheStore(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		store broken
		want  map[string][]string
	}{
		{"down", broken{claim: errors.New("down")}, map[string][]string{
			"idempotency.requests": {"unprotected,_OTHER 1"}, "idempotency.claims": {"failed 1"}, "idempotency.endings": nil,
		}},
		{"fenced", broken{complete: idem.ErrFenced}, map[string][]string{
			"idempotency.requests": {"executed,_OTHER 1"}, "idempotency.endings": {"completed,fenced 1"},
		}},
		{"full", broken{complete: idem.ErrFull}, map[string][]string{"idempotency.endings": {"completed,full 1"}}},
		{"lost", broken{complete: idem.ErrLost}, map[string][]string{"idempotency.endings": {"completed,lost 1"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := newMeters(t)
				tt.store.Memory = idem.NewMemory()
				post(t, server.New(&tt.store, server.WithSharedScope(), server.WithFailOpen(), goaroundotel.Server(m.shop()...))(http.HandlerFunc(ok)), "/", "k")
				m.want(t, tt.want)
				time.Sleep(time.Minute) // for what is handed back
			})
		})
	}
}

// What should never happen has a series from the beginning, so that its first event is an
// increase.
func TestAlarmsBeginAtZero(t *testing.T) {
	t.Parallel()
	m := newMeters(t)
	slot.NewQueue(goaroundotel.Slots(m.shop()...))
	if _, err := send(t.Context(), transport.New(&stub{statuses: []int{200}}, goaroundotel.Transport(m.shop()...)), "GET", url); err != nil {
		t.Fatal(err)
	}
	h := server.New(idem.NewMemory(), server.WithSharedScope(), goaroundotel.Server(m.shop(goaroundotel.WithOperation("order"))...))(http.HandlerFunc(ok))
	post(t, h, "/", "k")
	text := fmt.Sprint(m.collect(t))
	for _, want := range []string{"fenced", "abandoned", "unprotected", "outcome-unknown", "budget"} {
		if !strings.Contains(text, want) {
			t.Errorf("no series of %s", want)
		}
	}
	for _, name := range []string{"retry.unpaced", "retry.suppressed", "slot.fallbacks"} {
		sum, _ := m.collect(t)[name].Data.(metricdata.Sum[int64])
		if len(sum.DataPoints) != 1 || sum.DataPoints[0].Value != 0 {
			t.Errorf("%s: %v, want a series that is 0", name, sum.DataPoints)
		}
	}
}

// An operation that is named has them before its first request.
func TestAlarmsBeginBeforeTheFirstRequest(t *testing.T) {
	t.Parallel()
	m := newMeters(t)
	server.New(idem.NewMemory(), server.WithSharedScope(), goaroundotel.Server(m.shop(goaroundotel.WithOperation("order"))...))
	text := fmt.Sprint(m.collect(t)["idempotency.requests"], m.collect(t)["idempotency.claims"])
	for _, want := range []string{"unprotected", "outcome-unknown", "unknown"} {
		if !strings.Contains(text, want) {
			t.Errorf("no series of %s", want)
		}
	}
}

// What came again is a duplicate when it does not run again.
func TestGuardCountsDuplicates(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		params int   // of the operation that comes again; 1 at first
		first  error // of the first run, which leaves it unknown
		truth  idem.State
		want   []string
	}{
		"done":                {params: 1, want: []string{"_OTHER 1"}},
		"key reused":          {params: 2},
		"unknown, and absent": {params: 1, first: errors.New("who knows"), truth: idem.Absent},
		"unknown, and done":   {params: 1, first: errors.New("who knows"), truth: idem.Done, want: []string{"_OTHER 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMeters(t)
			guard := idem.NewGuard(idem.NewMemory(), goaroundotel.Guard(m.shop()...))
			op := idem.Operation{Name: "charge", Scope: idem.SharedScope, Key: "k", Params: 1}
			_, _ = idem.Do(t.Context(), guard, op, func(context.Context) (int, error) { return 1, tt.first })
			op.Params = tt.params
			op.Recover = func(context.Context) (idem.Resolution, error) {
				if tt.truth == idem.Absent {
					return idem.Resolution{State: idem.Absent}, nil
				}
				record, err := idem.EncodeResult(1)
				return idem.Resolution{State: idem.Done, Record: record}, err
			}
			_, _ = idem.Do(t.Context(), guard, op, func(context.Context) (int, error) { return 2, nil })
			m.want(t, map[string][]string{"retry.duplicate_operations": tt.want})
			if got := slices.Contains(m.series(t, "idempotency.claims"), "key-reused 1"); got != (tt.params != 1) {
				t.Errorf("claims %q", m.series(t, "idempotency.claims"))
			}
		})
	}
}

func TestGuardCounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMeters(t)
		g := idem.NewGuard(idem.NewMemory(), idem.WithLease(3*time.Second), goaroundotel.Guard(m.shop(goaroundotel.WithOperation("charge"))...))
		do := func(key string, f func(context.Context) (int, error)) {
			_, _ = idem.Do(t.Context(), g, idem.Operation{Name: "charge", Scope: idem.SharedScope, Key: key}, f)
		}
		for range 3 {
			do("a", func(context.Context) (int, error) { time.Sleep(1500 * time.Millisecond); return 1, nil })
		}
		do("b", func(context.Context) (int, error) { return 0, idem.NothingHappened(errors.New("full")) })
		do("c", func(context.Context) (int, error) { return 0, errors.New("who knows") })
		m.want(t, map[string][]string{
			"idempotency.claims":         {"acquired 3", "done 2"},
			"idempotency.renewals":       {"ok 1"},
			"idempotency.endings":        {"abandoned,ok 1", "completed,ok 1", "released,ok 1"},
			"retry.duplicate_operations": {"charge 2"},
			"idempotency.requests":       nil,
		})
	})
}

func TestAdmissionCounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, p := newMeters(t), newTracer(t)
		h := server.Admission(server.AdmitRate(1, 1), server.WithWaitingRoom(0, 0), goaroundotel.Admission(m.shop()...))(http.HandlerFunc(ok))
		ctx, span := p.Tracer("test").Start(t.Context(), "request")
		for range 3 {
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "POST", "/", http.NoBody))
		}
		span.End()
		m.want(t, map[string][]string{
			"admission.requests":      {"false,admitted 1", "false,refused 2"},
			"admission.slot.duration": {" 2 3"},
			"admission.wait.duration": {" 3 0"},
			"admission.rate":          {" 1"},
			"admission.waiting":       {" 0"},
		})
		events := p.ended.Ended()[0].Events()
		if len(events) != 2 || events[0].Name != "admission" || values(events[0].Attributes)["admission.verdict"] != "refused" {
			t.Errorf("events %+v", events)
		}
	})
}
