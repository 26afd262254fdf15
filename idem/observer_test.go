package idem_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/idem"
)

// All observers are told, in order; functions that are nil are left out.
func TestSeveralGuardObservers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log []string
		note := func(name string) idem.GuardOption {
			return idem.WithGuardObserver(idem.Observer{
				Claimed: func(context.Context, idem.ClaimedInfo) { log = append(log, name+" claimed") },
				Renewed: func(context.Context, idem.RenewedInfo) { log = append(log, name+" renewed") },
				Ended:   func(context.Context, idem.EndedInfo) { log = append(log, name+" ended") },
				Waited:  func(context.Context, idem.WaitedInfo) { log = append(log, name+" waited") },
				Asked: func(_ context.Context, info idem.AskedInfo) {
					if info.Op == idem.StoreComplete {
						log = append(log, name+" asked")
					}
				},
			})
		}
		g := idem.NewGuard(idem.NewMemory(), idem.WithLease(3*time.Second), idem.WithWait(100*time.Millisecond),
			note("first"), idem.WithGuardObserver(idem.Observer{}), note("second"))
		h := acquire(t, g, testID(t))
		time.Sleep(1500 * time.Millisecond)
		synctest.Wait()
		_, err := g.Claim(t.Context(), testID(t), nil)
		noError(t, err)
		noError(t, h.Complete(nil, nil, nil))
		want := "[first claimed second claimed first renewed second renewed first waited second waited" +
			" first claimed second claimed first asked second asked first ended second ended]"
		if got := fmt.Sprint(log); got != want {
			t.Errorf("told %s\nwant %s", got, want)
		}
	})
}
