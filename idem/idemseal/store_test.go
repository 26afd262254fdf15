package idemseal_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemseal"
	"github.com/goaroundhq/goaround/idem/idemtest"
)

// key makes a key whose secret is one byte repeated.
func key(id uint32, secret byte) idemseal.Key {
	return idemseal.Key{ID: id, Secret: bytes.Repeat([]byte{secret}, idemseal.SecretLen)}
}

func TestStoreIsAStore(t *testing.T) {
	t.Parallel()
	idemtest.Run(t, idemtest.Target{
		Open: func(*testing.T) idem.Store { return idemseal.New(idem.NewMemory(), key(1, 'a')) },
		OpenBounded: func(_ *testing.T, n int64) idem.Store {
			return idemseal.New(idem.NewMemory(idem.WithMaxBytes(n)), key(1, 'a'))
		},
		Room:   idem.MaxShort,
		Bubble: true,
	})
}

var (
	id          = idem.NewID("", idem.SharedScope, "", "test", "key")
	fingerprint = []byte("print")
	response    = []byte("card 4111 1111 1111 1111")
)

// finish runs an operation to its end.
func finish(t *testing.T, s idem.Store, id idem.ID) {
	t.Helper()
	result, err := s.Claim(t.Context(), request(id))
	if err != nil || result.State != idem.Acquired {
		t.Fatalf("Claim = %v, %v", result.State, err)
	}
	if err := s.Complete(t.Context(), result.Claim, fingerprint, response, time.Hour); err != nil {
		t.Fatal(err)
	}
}

func request(id idem.ID) idem.ClaimRequest {
	return idem.ClaimRequest{ID: id, Owner: idem.NewOwner(), Lease: time.Minute, TTL: time.Hour}
}

// done claims what must be done.
func done(t *testing.T, s idem.Store, id idem.ID) idem.ClaimResult {
	t.Helper()
	result, err := s.Claim(t.Context(), request(id))
	if err != nil || result.State != idem.Done {
		t.Fatalf("Claim = %v, %v, want done", result.State, err)
	}
	return result
}

func TestStoreHoldsNoPlainText(t *testing.T) {
	t.Parallel()
	inner := idem.NewMemory()
	s := idemseal.New(inner, key(1, 'a'))
	finish(t, s, id)
	sealed := done(t, inner, id).Record
	if bytes.Contains(sealed, response[:8]) {
		t.Errorf("the store holds %q", sealed)
	}
	if got := len(sealed) - len(response); got != idemseal.Overhead {
		t.Errorf("a sealed record is %d bytes longer, Overhead says %d", got, idemseal.Overhead)
	}
	if got := done(t, s, id); !bytes.Equal(got.Record, response) || !bytes.Equal(got.Fingerprint, fingerprint) {
		t.Errorf("record %q with fingerprint %q", got.Record, got.Fingerprint)
	}
	other := idem.NewID("", idem.SharedScope, "", "test", "other key")
	finish(t, s, other)
	if again := done(t, inner, other).Record; bytes.Equal(again, sealed) {
		t.Error("the same response is sealed to the same bytes twice")
	}
}

// What is noted when a store has no room for the response fits also when it is sealed.
func TestShortRecordFitsIntoAFullStore(t *testing.T) {
	t.Parallel()
	inner := idem.NewMemory(idem.WithMaxBytes(4096))
	g := idem.NewGuard(idemseal.New(inner, key(1, 'a')))
	result, err := g.Claim(t.Context(), id, nil)
	if err != nil {
		t.Fatal(err)
	}
	var h idem.Held
	g.Hold(t.Context(), result.Claim, "key", &h)
	for i := byte(0); ; i++ { // fill it up
		if _, err := inner.Claim(t.Context(), request(idem.ID{i, i, 1})); errors.Is(err, idem.ErrFull) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	short := make([]byte, idem.MaxShort-len(fingerprint))
	if err := h.Complete(fingerprint, make([]byte, 1000), short); !errors.Is(err, idem.ErrFull) {
		t.Errorf("Complete: %v, want ErrFull", err)
	}
	if got := done(t, idemseal.New(inner, key(1, 'a')), id); !bytes.Equal(got.Record, short) {
		t.Errorf("record of %d bytes (%v), want the short one", len(got.Record), got.Unreadable)
	}
}

func TestResolveSeals(t *testing.T) {
	t.Parallel()
	inner := idem.NewMemory()
	s := idemseal.New(inner, key(1, 'a'))
	result, err := s.Claim(t.Context(), request(id))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Abandon(t.Context(), result.Claim, "test"); err != nil {
		t.Fatal(err)
	}
	resolution := idem.Resolution{State: idem.Done, Fingerprint: fingerprint, Record: response, TTL: time.Hour}
	if err := s.Resolve(t.Context(), id, resolution); err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(done(t, inner, id).Record, response[:8]) {
		t.Error("the store holds plain text")
	}
	if got := done(t, s, id); !bytes.Equal(got.Record, response) {
		t.Errorf("record %q, %v", got.Record, got.Unreadable)
	}
}

func TestInnerStoreWithoutAdmin(t *testing.T) {
	t.Parallel()
	s := idemseal.New(struct{ idem.Store }{idem.NewMemory()}, key(1, 'a'))
	_, err := s.Get(t.Context(), id)
	for what, err := range map[string]error{
		"Get":     err,
		"Wait":    s.Wait(t.Context(), id),
		"Purge":   s.Purge(t.Context(), id),
		"Resolve": s.Resolve(t.Context(), id, idem.Resolution{}),
	} {
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s: %v, want ErrUnsupported", what, err)
		}
	}
	for _, err := range s.Scan(t.Context()) {
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("Scan: %v, want ErrUnsupported", err)
		}
	}
	if s.Local() {
		t.Error("a store that does not say that it is local is")
	}
}
