package idemseal_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemseal"
	"github.com/goaroundhq/goaround/idem/idemtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// key makes a key whose secret is one byte repeated.
func key(id uint32, secret byte) idemseal.Key {
	return idemseal.Key{ID: id, Secret: bytes.Repeat([]byte{secret}, idemseal.SecretLen)}
}

func TestStoreIsAStore(t *testing.T) {
	t.Parallel()
	idemtest.Run(t, idemtest.Target{
		Open:   func(*testing.T) idem.Store { return idemseal.New(idem.NewMemory(), key(1, 'a')) },
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

func TestRotation(t *testing.T) {
	t.Parallel()
	inner := idem.NewMemory()
	finish(t, idemseal.New(inner, key(1, 'a')), id)
	for _, tt := range []struct {
		name  string
		store *idemseal.Store
		want  error
	}{
		{"the same key", idemseal.New(inner, key(1, 'a')), nil},
		{"as an old key", idemseal.New(inner, key(2, 'b'), idemseal.WithOldKey(key(1, 'a'))), nil},
		{"the old key is gone", idemseal.New(inner, key(2, 'b')), idemseal.ErrKey},
		{"another secret under its number", idemseal.New(inner, key(1, 'b')), idemseal.ErrTampered},
		{"the secret under another number", idemseal.New(inner, key(2, 'a')), idemseal.ErrKey},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			result := done(t, tt.store, id)
			if !errors.Is(result.Unreadable, tt.want) {
				t.Errorf("Unreadable = %v, want %v", result.Unreadable, tt.want)
			}
			if readable := bytes.Equal(result.Record, response); readable != (tt.want == nil) {
				t.Errorf("record %q", result.Record)
			}
		})
	}
}

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

func TestKeysMustBeRight(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]func(){
		"short secret":     func() { idemseal.New(idem.NewMemory(), idemseal.Key{ID: 1, Secret: []byte("short")}) },
		"short old secret": func() { idemseal.New(idem.NewMemory(), key(1, 'a'), idemseal.WithOldKey(idemseal.Key{ID: 2})) },
		"number used twice": func() {
			idemseal.New(idem.NewMemory(), key(1, 'a'), idemseal.WithOldKey(key(1, 'b')))
		},
		"no store": func() { idemseal.New(nil, key(1, 'a')) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			f()
		})
	}
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

func BenchmarkSeal(b *testing.B) {
	for name, s := range map[string]idem.Store{
		"bare": idem.NewMemory(), "sealed": idemseal.New(idem.NewMemory(), key(1, 'a')),
	} {
		b.Run(name, func(b *testing.B) {
			record := make([]byte, 1<<10)
			id := id
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				id[8], id[9], id[10] = byte(i), byte(i>>8), byte(i>>16)
				result, err := s.Claim(b.Context(), request(id))
				if err != nil || result.State != idem.Acquired {
					b.Fatal(result.State, err)
				}
				if err := s.Complete(b.Context(), result.Claim, nil, record, time.Millisecond); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
