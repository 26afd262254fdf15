package idem_test

import (
	"context"
	"errors"
	"testing"

	"github.com/goaroundhq/goaround/idem"
)

func TestDoRecovers(t *testing.T) {
	t.Parallel()
	receipt, err := idem.EncodeResult("receipt 7")
	noError(t, err)
	for _, tt := range []struct {
		name  string
		look  idem.RecoverFunc
		value string
		err   error
		ran   bool
		state idem.State // afterwards
	}{
		{
			name: "it happened", value: "receipt 7", state: idem.Done,
			look: func(context.Context) (idem.Resolution, error) {
				return idem.Resolution{State: idem.Done, Record: receipt}, nil
			},
		},
		{
			name: "it did not happen", value: "receipt of the second run", ran: true, state: idem.Done,
			look: func(context.Context) (idem.Resolution, error) { return idem.Resolution{}, nil },
		},
		{
			name: "nobody can tell", err: idem.ErrUnknown, state: idem.Unknown,
			look: func(context.Context) (idem.Resolution, error) { return idem.Resolution{}, errCut },
		},
		{
			name: "the answer makes no sense", err: idem.ErrUnknown, state: idem.Unknown,
			look: func(context.Context) (idem.Resolution, error) { return idem.Resolution{State: idem.Pending}, nil },
		},
		{name: "nobody is asked", err: idem.ErrUnknown, state: idem.Unknown},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := idem.NewMemory()
			g := idem.NewGuard(s)
			op := charge("key")
			_, err := idem.Do(t.Context(), g, op, func(context.Context) (string, error) { return "", errCut })
			if !errors.Is(err, errCut) {
				t.Fatalf("first run: %v", err)
			}
			op.Recover = tt.look
			ran := false
			value, err := idem.Do(t.Context(), g, op, func(context.Context) (string, error) {
				ran = true
				return "receipt of the second run", nil
			})
			if value != tt.value || !errors.Is(err, tt.err) || ran != tt.ran {
				t.Errorf("Do = %q, %v, ran: %v; want %q, %v, %v", value, err, ran, tt.value, tt.err, tt.ran)
			}
			if got := state(t, s, idem.NewID("", op.Scope, "", op.Name, op.Key)); got != tt.state {
				t.Errorf("state = %v, want %v", got, tt.state)
			}
		})
	}
}

// Nobody is asked about what is not unknown, or is not what the caller asks for.
func TestRecoverIsForUnknownOutcomes(t *testing.T) {
	t.Parallel()
	look := func(context.Context) (idem.Resolution, error) {
		t.Error("the truth was looked up")
		return idem.Resolution{}, nil
	}
	s := idem.NewMemory()
	g := idem.NewGuard(s)
	op := charge("key")
	op.Recover = look
	for range 2 { // acquired, then done
		if _, err := idem.Do(t.Context(), g, op, func(context.Context) (int, error) { return 1, nil }); err != nil {
			t.Error(err)
		}
	}
	op = charge("other key")
	_, err := idem.Do(t.Context(), g, op, func(context.Context) (int, error) { return 0, errCut })
	if !errors.Is(err, errCut) {
		t.Fatal(err)
	}
	op.Recover, op.Params = look, map[string]int{"amount": 6}
	if _, err := idem.Do(t.Context(), g, op, func(context.Context) (int, error) { return 1, nil }); !errors.Is(err, idem.ErrKeyReused) {
		t.Errorf("other parameters: %v, want ErrKeyReused", err)
	}
}

// Of several who find out at the same time the first one's answer stands.
func TestRecoverLosesTheRace(t *testing.T) {
	t.Parallel()
	s := idem.NewMemory()
	g := idem.NewGuard(s)
	h := acquire(t, g, testID(t))
	noError(t, h.Abandon("test"))
	unknown, err := g.Claim(t.Context(), testID(t), nil)
	noError(t, err)
	slow := func(ctx context.Context) (idem.Resolution, error) {
		first := idem.Resolution{State: idem.Done, Record: []byte("first"), TTL: lease}
		return idem.Resolution{State: idem.Done, Record: []byte("second")}, s.Resolve(ctx, testID(t), first)
	}
	result, err := g.Recover(t.Context(), testID(t), nil, unknown, slow)
	if err != nil || result.State != idem.Done || string(result.Record) != "first" {
		t.Errorf("Recover = %v %q, %v, want the first answer", result.State, result.Record, err)
	}
}

func TestRecoverNeedsAnAdmin(t *testing.T) {
	t.Parallel()
	g := idem.NewGuard(newRemote())
	noError(t, acquire(t, g, testID(t)).Abandon("test"))
	unknown, err := g.Claim(t.Context(), testID(t), nil)
	noError(t, err)
	_, err = g.Recover(t.Context(), testID(t), nil, unknown, func(context.Context) (idem.Resolution, error) {
		t.Error("looked up in vain")
		return idem.Resolution{}, nil
	})
	if !errors.Is(err, errors.ErrUnsupported) || !errors.Is(err, idem.ErrUnknown) {
		t.Errorf("error = %v, want ErrUnknown and ErrUnsupported", err)
	}
}
