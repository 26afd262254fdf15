package serve

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"os"
	"time"

	"github.com/goaroundhq/goaround/benchmarks/faults/call"
	"github.com/goaroundhq/goaround/benchmarks/faults/ledger"
	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

// waits is how long a repetition waits inside for the first to end.
const waits = 300 * time.Millisecond

// service is what the handler of orders works with.
type service struct {
	task   Task
	ledger *ledger.Client
	counts *counter
}

// handler is the service behind its middleware.
func (s *service) handler(store idem.Store) http.Handler {
	orders := http.HandlerFunc(s.order)
	if s.task.Guarantee == Naive {
		return orders
	}
	guard := []idem.GuardOption{
		idem.WithLease(s.task.Lease), idem.WithStoreTimeout(s.task.StoreTimeout), idem.WithWait(waits),
	}
	opts := []server.Option{
		server.WithScope(tenant), server.WithRequired(), server.WithExpiringKeys(nil),
		server.WithObserver(server.Observer{Answered: s.answered}),
	}
	switch s.task.Guarantee {
	case AtLeastOnce:
		guard = append(guard, idem.WithGuarantee(idem.AtLeastOnce))
	case ExactlyOnce:
		opts = append(opts, server.WithTransactions(nil))
	case AtMostOnce:
		opts = append(opts, server.WithRecover(s.recover))
	}
	return server.New(store, append(opts, server.WithGuard(guard...))...)(orders)
}

// tenant says whose key it is. A real service has authenticated them.
func tenant(r *http.Request) (idem.Scope, error) {
	return idem.Scope(r.Header.Get(call.TenantHeader)), nil
}

func (s *service) answered(_ context.Context, a server.Answer) {
	s.counts.add(string(a.Outcome))
	if errors.Is(a.Err, idem.ErrFenced) {
		s.counts.add(Fenced)
	}
}

// stumbles is how many runs of ExactlyOnce there are to one that fails after its effect, which
// its transaction must undo.
const stumbles = 50

// order has the effect of an order, with some time before it and after.
func (s *service) order(w http.ResponseWriter, r *http.Request) {
	name := name(r)
	ctx, run := r.Context(), fmt.Sprintf("%016x", rand.Uint64())
	before, after, leaves := s.habits(name)
	if !leaves {
		ctx = context.WithoutCancel(ctx)
	}
	if err := s.work(ctx, before, after, ledger.Entry{Key: name, Run: run, PID: os.Getpid()}); err != nil {
		// The effect may be on its way. In a transaction there is none.
		server.OutcomeUnknown(r.Context())
		http.Error(w, "broke off", http.StatusInternalServerError)
		return
	}
	if s.task.Guarantee == ExactlyOnce && rand.IntN(stumbles) == 0 {
		if rand.IntN(2) == 0 {
			panic(http.ErrAbortHandler)
		}
		http.Error(w, "stumbled", http.StatusInternalServerError)
		return
	}
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(call.Receipt{Order: name, Run: run}) // the client may have left
}

// name is what the order of a request is called in the ledger.
func name(r *http.Request) string {
	key, err := idem.ParseHeader(r.Header[idem.Header])
	if err != nil {
		return ""
	}
	return call.Name(r.Header.Get(call.TenantHeader), key)
}

// habits is how long an order works before its effect and after it, and whether it breaks
// off when its client leaves. Half of those that are long end within an attempt, but are at work
// when something strikes; the others outlive their lease, which must be extended. Where nothing
// extends it, there are none: they would be duplicates without a fault.
func (s *service) habits(name string) (before, after time.Duration, leaves bool) {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(name)) // a hash takes everything
	rng := rand.New(rand.NewPCG(hash.Sum64(), 0))
	const most = int64(2500 * time.Microsecond)
	before, after, leaves = time.Duration(rng.Int64N(most)), time.Duration(rng.Int64N(most)), rng.IntN(2) == 0
	if !call.Long(name) || s.task.Guarantee == Naive {
		return before, after, leaves
	}
	lease := int64(s.task.Lease)
	if rng.IntN(2) == 0 {
		return before, time.Duration(rng.Int64N(lease * 2 / 5)), leaves
	}
	return before, time.Duration(lease*6/5 + rng.Int64N(lease*4/5)), false
}

func (s *service) work(ctx context.Context, before, after time.Duration, e ledger.Entry) error {
	if a, ok := idem.FromContext(ctx); ok {
		e.Fence = a.Fence
	}
	if err := pause(ctx, before); err != nil {
		return err
	}
	if err := s.effect(ctx, e); err != nil {
		return err
	}
	return pause(ctx, after)
}

func (s *service) effect(ctx context.Context, e ledger.Entry) error {
	if s.task.Guarantee != ExactlyOnce {
		return s.ledger.Enter(ctx, e)
	}
	tx, err := server.Tx(ctx)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO effects (name, run) VALUES ($1, $2)`, e.Key, e.Run)
	return err
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// errNotThere: the ledger has no effect of an order, yet.
var errNotThere = errors.New("no effect, which may still come")

// recover asks the ledger how an order ended. That it has no effect says nothing: the
// process that had the claim may have been stopped, and go on.
func (s *service) recover(r *http.Request, _ string) (idem.Resolution, error) {
	name := name(r)
	runs, err := s.ledger.Runs(r.Context(), name)
	if err != nil {
		return idem.Resolution{}, err
	}
	if len(runs) == 0 {
		return idem.Resolution{}, errNotThere
	}
	body, err := json.Marshal(call.Receipt{Order: name, Run: runs[0]})
	if err != nil {
		return idem.Resolution{}, err
	}
	record, err := server.EncodeResponse(http.StatusCreated, nil, body)
	if err != nil {
		return idem.Resolution{}, err
	}
	s.counts.add(Recovered)
	return idem.Resolution{State: idem.Done, Record: record}, nil
}
