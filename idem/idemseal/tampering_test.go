package idemseal_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemseal"
)

// forger gives the records of a store another form.
type forger struct {
	idem.Store
	forge func(*idem.ClaimResult)
}

func (f forger) Claim(ctx context.Context, r idem.ClaimRequest) (idem.ClaimResult, error) {
	result, err := f.Store.Claim(ctx, r)
	result.Record = bytes.Clone(result.Record)
	f.forge(&result)
	return result, err
}

func TestTampering(t *testing.T) {
	t.Parallel()
	inner := idem.NewMemory()
	other := idem.NewID("", idem.SharedScope, "", "test", "of another caller")
	plain := idem.NewID("", idem.SharedScope, "", "test", "before the sealing")
	finish(t, idemseal.New(inner, key(1, 'a')), id)
	finish(t, idemseal.New(inner, key(1, 'a')), other)
	finish(t, inner, plain)
	elsewhere := done(t, inner, other).Record
	for _, tt := range []struct {
		name  string
		forge func(*idem.ClaimResult)
		want  error
	}{
		{"a bit of the response", func(r *idem.ClaimResult) { r.Record[len(r.Record)/2] ^= 1 }, idemseal.ErrTampered},
		{"the last bit", func(r *idem.ClaimResult) { r.Record[len(r.Record)-1] ^= 1 }, idemseal.ErrTampered},
		{"the number of the key", func(r *idem.ClaimResult) { r.Record[4] ^= 1 }, idemseal.ErrKey},
		{"cut short", func(r *idem.ClaimResult) { r.Record = r.Record[:idemseal.Overhead-1] }, idemseal.ErrTampered},
		{"nearly nothing", func(r *idem.ClaimResult) { r.Record = r.Record[:1] }, idemseal.ErrTampered},
		{"nothing", func(r *idem.ClaimResult) { r.Record = nil }, idemseal.ErrNotSealed},
		{"somebody else's response", func(r *idem.ClaimResult) { r.Record = elsewhere }, idemseal.ErrTampered},
		{"the fingerprint", func(r *idem.ClaimResult) { r.Fingerprint = []byte("another") }, idemseal.ErrTampered},
		{"a plain one", func(r *idem.ClaimResult) { r.Record = response }, idemseal.ErrNotSealed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := idemseal.New(forger{inner, tt.forge}, key(1, 'a'))
			if result := done(t, s, id); !errors.Is(result.Unreadable, tt.want) || result.Record != nil {
				t.Errorf("Unreadable = %v, want %v; record %q", result.Unreadable, tt.want, result.Record)
			}
		})
	}
	t.Run("plain ones let in", func(t *testing.T) {
		t.Parallel()
		s := idemseal.New(inner, key(1, 'a'), idemseal.WithUnsealed())
		if result := done(t, s, plain); result.Unreadable != nil || !bytes.Equal(result.Record, response) {
			t.Errorf("record %q, %v", result.Record, result.Unreadable)
		}
		forged := idemseal.New(forger{inner, func(r *idem.ClaimResult) { r.Record[9] ^= 1 }}, key(1, 'a'), idemseal.WithUnsealed())
		if result := done(t, forged, id); !errors.Is(result.Unreadable, idemseal.ErrTampered) {
			t.Errorf("Unreadable = %v, want ErrTampered", result.Unreadable)
		}
	})
}

func FuzzOpen(f *testing.F) {
	inner := idem.NewMemory()
	s := idemseal.New(inner, key(1, 'a'))
	f.Add([]byte(nil))
	f.Add([]byte{0xA5})
	f.Add(append([]byte{0xA5, 0, 0, 0, 1}, make([]byte, 28)...))
	f.Add(append([]byte{0xA5, 0, 0, 0, 2}, make([]byte, 28)...))
	var n uint64
	f.Fuzz(func(t *testing.T, record []byte) {
		n++
		id := idem.ID{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24), byte(n >> 32)}
		result, err := inner.Claim(t.Context(), request(id))
		if err != nil {
			t.Fatal(err)
		}
		if err := inner.Complete(t.Context(), result.Claim, nil, record, time.Millisecond); err != nil {
			t.Fatal(err)
		}
		read, err := s.Claim(t.Context(), request(id))
		if err == nil && read.State == idem.Done && read.Unreadable == nil {
			t.Errorf("%x was opened: %q", record, read.Record)
		}
	})
}
