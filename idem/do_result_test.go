package idem_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/idem"
)

// The operation succeeded; that the store could not be told is not the caller's error.
func TestDoReturnsTheValueWhenItCannotBeStored(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newRemote()
		s.set(on("complete", func(context.Context) error { return errCut }), nil)
		runs := 0
		value, err := idem.Do(t.Context(), idem.NewGuard(s), operation(t), answer(&runs, nil))
		if err != nil || value.Number != 1 {
			t.Errorf("Do = %v, %v", value, err)
		}
		if got := s.count("release"); got != 0 {
			t.Error("the claim was released after the effect")
		}
		time.Sleep(idem.DefaultLease)
	})
}

func TestDoResultThatIsNoJSON(t *testing.T) {
	t.Parallel()
	g := idem.NewGuard(idem.NewMemory())
	for range 2 {
		_, err := idem.Do(t.Context(), g, operation(t), func(context.Context) (func(), error) { return nil, nil })
		if !errors.Is(err, idem.ErrNotStored) {
			t.Errorf("error = %v, want ErrNotStored", err)
		}
	}
}

func TestDoResultTooLargeForTheStore(t *testing.T) {
	t.Parallel()
	g := idem.NewGuard(idem.NewMemory(idem.WithMaxBytes(2 << 10)))
	large := strings.Repeat("x", 4<<10)
	value, err := idem.Do(t.Context(), g, operation(t), func(context.Context) (string, error) { return large, nil })
	if err != nil || value != large {
		t.Fatalf("Do = %d bytes, %v", len(value), err)
	}
	_, err = idem.Do(t.Context(), g, operation(t), func(context.Context) (string, error) {
		t.Error("ran again")
		return "", nil
	})
	if !errors.Is(err, idem.ErrNotStored) {
		t.Errorf("error = %v, want ErrNotStored", err)
	}
}

// Records of another version, or of another program, are refused and never run over.
func TestDoRefusesForeignRecords(t *testing.T) {
	t.Parallel()
	for _, record := range []string{"", "x", "v", "v{", `v"text"`} {
		s := idem.NewMemory()
		op := operation(t)
		id := idem.NewID("", op.Scope, "", op.Name, op.Key)
		noError(t, s.Complete(t.Context(), idem.Claim{ID: id}, nil, []byte(record), time.Hour))
		_, err := idem.Do(t.Context(), idem.NewGuard(s), op, func(context.Context) (int, error) {
			t.Errorf("record %q: ran", record)
			return 0, nil
		})
		if !errors.Is(err, idem.ErrNotStored) {
			t.Errorf("record %q: error = %v, want ErrNotStored", record, err)
		}
	}
}
