package idem_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/goaroundhq/goaround/idem"
)

func TestDoParams(t *testing.T) {
	t.Parallel()
	g := idem.NewGuard(idem.NewMemory())
	run := func(params any) error {
		op := operation(t)
		op.Params = params
		_, err := idem.Do(t.Context(), g, op, func(context.Context) (int, error) { return 1, nil })
		return err
	}
	noError(t, run(map[string]int{"a": 1, "b": 2}))
	noError(t, run(json.RawMessage(`{"b": 2, "a": 1.0}`)))
	noError(t, run(nil)) // says nothing, so it is not compared
	if err := run(map[string]int{"a": 2}); !errors.Is(err, idem.ErrKeyReused) {
		t.Errorf("error = %v, want ErrKeyReused", err)
	}
	if err := run(func() {}); err == nil {
		t.Error("parameters that cannot be compared were accepted")
	}
}

// A key in use with other parameters is told apart at once, not when the first ends.
func TestDoParamsWhilePending(t *testing.T) {
	t.Parallel()
	g := idem.NewGuard(idem.NewMemory())
	op := operation(t)
	op.Params = 1
	_, err := idem.Do(t.Context(), g, op, func(ctx context.Context) (int, error) {
		op.Params = 2
		_, err := idem.Do(ctx, g, op, func(context.Context) (int, error) { return 1, nil })
		return 1, err
	})
	if !errors.Is(err, idem.ErrKeyReused) {
		t.Errorf("error = %v, want ErrKeyReused", err)
	}
}

func TestDoChecksItsOperation(t *testing.T) {
	t.Parallel()
	g := idem.NewGuard(idem.NewMemory())
	for _, tt := range []struct {
		name string
		op   idem.Operation
		want error
	}{
		{"no name", idem.Operation{Scope: "c", Key: "k"}, nil},
		{"no scope", idem.Operation{Name: "n", Key: "k"}, nil},
		{"no key", idem.Operation{Name: "n", Scope: "c"}, idem.ErrKeyMissing},
		{"bad key", idem.Operation{Name: "n", Scope: "c", Key: "\n"}, idem.ErrKeyInvalid},
	} {
		_, err := idem.Do(t.Context(), g, tt.op, func(context.Context) (int, error) {
			t.Errorf("%s: ran", tt.name)
			return 0, nil
		})
		if err == nil || (tt.want != nil && !errors.Is(err, tt.want)) {
			t.Errorf("%s: error = %v, want %v", tt.name, err, tt.want)
		}
	}
}
