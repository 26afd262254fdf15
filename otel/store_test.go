package otel_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/goaroundhq/goaround/idem"
	goaroundotel "github.com/goaroundhq/goaround/otel"
)

// ailing is a store whose claims fail.
type ailing struct {
	*idem.Memory
	err error
}

func (s ailing) Claim(ctx context.Context, r idem.ClaimRequest) (idem.ClaimResult, error) {
	if s.err != nil {
		return idem.ClaimResult{}, s.err
	}
	return s.Memory.Claim(ctx, r)
}

func TestGuardMeasuresItsStore(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err  error
		want []string
	}{
		"well":         {nil, []string{"claim 1 0", "complete 1 0"}},
		"full":         {fmt.Errorf("memory: %w", idem.ErrFull), []string{"full,claim 1 0"}},
		"timeout":      {fmt.Errorf("redis: %w", context.DeadlineExceeded), []string{"timeout,claim 1 0"}},
		"i/o timeout":  {fmt.Errorf("redis: %w", os.ErrDeadlineExceeded), []string{"timeout,claim 1 0"}},
		"canceled":     {context.Canceled, []string{"canceled,claim 1 0"}},
		"fenced":       {idem.ErrFenced, []string{"fenced,claim 1 0"}},
		"lost":         {idem.ErrLost, []string{"lost,claim 1 0"}},
		"what it says": {errors.New("LOADING"), []string{"_OTHER,claim 1 0"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := newMeters(t)
				g := idem.NewGuard(ailing{idem.NewMemory(), tt.err}, goaroundotel.Guard(m.shop()...))
				_, _ = idem.Do(t.Context(), g, idem.Operation{Name: "charge", Scope: idem.SharedScope, Key: "k"},
					func(context.Context) (int, error) { return 1, nil })
				m.want(t, map[string][]string{"idempotency.store.duration": tt.want})
				asked, _ := m.collect(t)["idempotency.store.duration"].Data.(metricdata.Histogram[float64])
				if got := asked.DataPoints[0].Bounds[0]; got != .0001 {
					t.Errorf("the first bucket ends at %v", got)
				}
			})
		})
	}
}

func TestGuardMeasuresWaitsForOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMeters(t)
		g := idem.NewGuard(idem.NewMemory(), idem.WithWait(2*time.Second), goaroundotel.Guard(m.shop()...))
		do := func() {
			_, _ = idem.Do(t.Context(), g, idem.Operation{Name: "charge", Scope: idem.SharedScope, Key: "k"},
				func(context.Context) (int, error) { time.Sleep(3 * time.Second); return 1, nil })
		}
		go do()
		synctest.Wait()
		do() // for 2 s, in vain
		do() // for 1 s
		do() // not at all
		m.want(t, map[string][]string{
			"idempotency.inflight.wait":  {"done 1 1", "pending 1 2"},
			"idempotency.store.duration": {"claim 5 0", "complete 1 0"}, // and no wait, which says nothing of the store
		})
	})
}

// deaf is a store that cannot wait.
type deaf struct{ *idem.Memory }

func (deaf) Wait(context.Context, idem.ID) error { return errors.New("connection refused") }

func TestGuardMeasuresAWaiterThatFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMeters(t)
		g := idem.NewGuard(deaf{idem.NewMemory()}, idem.WithWait(10*time.Millisecond), goaroundotel.Guard(m.shop()...))
		for range 2 { // the second waits for the first, which never ends
			if _, err := g.Claim(t.Context(), idem.ID{1}, nil); err != nil {
				t.Fatal(err)
			}
		}
		m.want(t, map[string][]string{"idempotency.store.duration": {"_OTHER,wait 1 0", "claim 2 0"}})
	})
}
