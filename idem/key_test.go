package idem_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/goaroundhq/goaround/idem"
)

func TestNewKeyIsAFreshUUIDv7(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 1000 {
		key := idem.NewKey()
		if seen[key] {
			t.Fatalf("%s came twice", key)
		}
		seen[key] = true
		id, err := uuid.Parse(key)
		if err != nil || id.Version() != 7 || id.String() != key {
			t.Fatalf("%q is not a UUIDv7 in its usual form: %v", key, err)
		}
		if err := idem.CheckKey(key); err != nil {
			t.Fatal(err)
		}
	}
}

func TestKeyTime(t *testing.T) {
	t.Parallel()
	before := time.Now()
	made, ok := idem.KeyTime(idem.NewKey())
	// Keys of one process are ordered, so one of many may be stamped a moment ahead.
	if early, late := before.Add(-time.Millisecond), time.Now().Add(time.Second); !ok || made.Before(early) || made.After(late) {
		t.Errorf("KeyTime of a fresh key = %v, %v; want between %v and %v", made, ok, early, late)
	}
	for _, tt := range []struct {
		key  string
		want time.Time
		ok   bool
	}{
		{"017f22e2-79b0-7cc3-98c4-dc0c0c07398f", time.UnixMilli(0x17F22E279B0), true}, // RFC 9562, A.6
		{"919108f7-52d1-4320-9bac-f847db4148a8", time.Time{}, false},                  // version 4
		{"017f22e279b07cc398c4dc0c0c07398f", time.Time{}, false},                      // no hyphens
		{"{17f22e2-79b0-7cc3-98c4-dc0c0c07398}", time.Time{}, false},
		{"order-17", time.Time{}, false},
		{"", time.Time{}, false},
	} {
		if got, ok := idem.KeyTime(tt.key); !got.Equal(tt.want) || ok != tt.ok {
			t.Errorf("KeyTime(%q) = %v, %v; want %v, %v", tt.key, got, ok, tt.want, tt.ok)
		}
	}
}

func TestKeyContext(t *testing.T) {
	t.Parallel()
	if key, ok := idem.KeyFrom(t.Context()); ok {
		t.Errorf("a bare context carries %q", key)
	}
	if key, ok := idem.KeyFrom(idem.WithKey(t.Context(), "order-17")); key != "order-17" || !ok {
		t.Errorf("KeyFrom = %q, %v", key, ok)
	}
	ctx, made := idem.WithNewKey(t.Context())
	if key, ok := idem.KeyFrom(ctx); key != made || !ok {
		t.Errorf("KeyFrom = %q, %v; want %q", key, ok, made)
	}
}

// A clock that was set back is right now, and keys say so.
func TestNewKeyAfterTheClockIsSetBack(t *testing.T) {
	t.Parallel()
	idem.NewKey()                         // made today
	synctest.Test(t, func(t *testing.T) { // where it is the year 2000
		made, ok := idem.KeyTime(idem.NewKey())
		if !ok || !made.Equal(time.Now()) {
			t.Errorf("KeyTime = %v, %v, want %v", made, ok, time.Now())
		}
	})
}
