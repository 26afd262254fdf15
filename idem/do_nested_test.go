package idem_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/idem"
)

// What the inner operation says of itself says nothing of the outer one, which had an
// effect of its own.
func TestDoNested(t *testing.T) {
	t.Parallel()
	marks := map[string]func(error) error{"nothing happened": idem.NothingHappened, "final": idem.Final}
	inners := map[string]func(context.Context, *idem.Guard, func(context.Context) (int, error)) (int, error){
		"Do": func(ctx context.Context, g *idem.Guard, fn func(context.Context) (int, error)) (int, error) {
			return idem.Do(ctx, g, idem.Operation{Name: "charge", Scope: "c", Key: "k"}, fn)
		},
		"DoIn": func(ctx context.Context, g *idem.Guard, fn func(context.Context) (int, error)) (int, error) {
			start := func(context.Context) (idem.Transaction, error) { return new(ledgerTx), nil }
			return idem.DoIn(ctx, g, idem.Operation{Name: "charge", Scope: "c", Key: "k"}, start, fn)
		},
	}
	for name, mark := range marks {
		for how, inner := range inners {
			t.Run(name+"/"+how, func(t *testing.T) {
				t.Parallel()
				testDoNested(t, mark, inner)
			})
		}
	}
}

func testDoNested(t *testing.T, mark func(error) error, inner func(context.Context, *idem.Guard, func(context.Context) (int, error)) (int, error)) {
	errDeclined := errors.New("card declined")
	g := idem.NewGuard(idem.NewMemory())
	effects := 0
	order := func() error {
		_, err := idem.Do(t.Context(), g, idem.Operation{Name: "order", Scope: "c", Key: "k"}, func(ctx context.Context) (int, error) {
			effects++ // the order is written before the card is asked
			return inner(ctx, g, func(context.Context) (int, error) { return 0, mark(errDeclined) })
		})
		return err
	}
	if err := order(); !errors.Is(err, errDeclined) {
		t.Errorf("first: %v", err)
	}
	if err := order(); !errors.Is(err, idem.ErrUnknown) {
		t.Errorf("again: %v, want ErrUnknown", err)
	}
	if effects != 1 {
		t.Errorf("%d effects", effects)
	}
}

func TestDoFinalErrorIsFoundByItsCaller(t *testing.T) {
	t.Parallel()
	errDeclined := errors.New("card declined")
	_, err := idem.Do(t.Context(), idem.NewGuard(idem.NewMemory()), operation(t), func(context.Context) (int, error) {
		return 0, fmt.Errorf("charge: %w", idem.Final(errDeclined))
	})
	var final *idem.FinalError
	if !errors.As(err, &final) || final.Text != "card declined" || final.Error() != "card declined" || !errors.Is(final, errDeclined) {
		t.Errorf("error %v, final %v", err, final)
	}
	if err.Error() != "charge: card declined" {
		t.Errorf("text %q", err)
	}
}

// A second run under at-least-once is of the same operation, or it is refused.
func TestDoTakeOverWithOtherParams(t *testing.T) {
	t.Parallel()
	g := idem.NewGuard(idem.NewMemory(), idem.WithGuarantee(idem.AtLeastOnce))
	charge := func(amount int) (int, error) {
		op := operation(t)
		op.Params = amount
		return idem.Do(t.Context(), g, op, func(context.Context) (int, error) {
			if amount == 1 {
				return 0, errCut
			}
			return amount, nil
		})
	}
	if _, err := charge(1); !errors.Is(err, errCut) {
		t.Errorf("first: %v", err)
	}
	if v, err := charge(1000); !errors.Is(err, idem.ErrKeyReused) {
		t.Errorf("other amount: %v, %v; want ErrKeyReused", v, err)
	}
}

// A result that panics while it is encoded must not keep its claim alive for ever.
func TestDoEndsItsClaimWhateverPanics(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := idem.NewGuard(idem.NewMemory())
		func() {
			defer func() { _ = recover() }()
			_, _ = idem.Do(t.Context(), g, operation(t), func(context.Context) (explosive, error) { return explosive{}, nil })
		}()
		time.Sleep(5 * idem.DefaultLease)
		_, err := idem.Do(t.Context(), g, operation(t), func(context.Context) (explosive, error) { return explosive{}, nil })
		if !errors.Is(err, idem.ErrUnknown) {
			t.Errorf("again: %v, want ErrUnknown", err)
		}
	})
}

type explosive struct{}

func (explosive) MarshalJSON() ([]byte, error) { panic("boom") }
