package idem_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"runtime/metrics"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/idem"
)

// A million callers, or fewer with the race detector, meet a store that has room for some: it
// refuses the others, forgets none of those it let in, and takes new ones when their time is
// over.
func TestMemoryInAFlood(t *testing.T) {
	const bound, record = 8 << 20, 576
	before := heapLive()
	synctest.Test(t, func(t *testing.T) {
		s := idem.NewMemory(idem.WithMaxBytes(bound))
		claim := func(n int) (idem.Claim, error) {
			r := idem.ClaimRequest{ID: numbered(n), Owner: idem.NewOwner(), Lease: time.Minute, TTL: time.Minute}
			result, err := s.Claim(t.Context(), r)
			return result.Claim, err
		}
		var live []idem.Claim
		for n := range flood {
			switch c, err := claim(n); {
			case err == nil:
				live = append(live, c)
			case !errors.Is(err, idem.ErrFull):
				t.Fatal(err)
			}
			if s.Bytes() > bound {
				t.Fatalf("%d bytes after %d claims, bound to %d", s.Bytes(), n+1, bound)
			}
		}
		if len(live) != bound/record {
			t.Errorf("%d of %d claims were given, there is room for %d", len(live), flood, bound/record)
		}
		if grown := heapLive() - before; grown > bound+int64(len(live))*80 { // live is ours
			t.Errorf("the heap has grown by %d bytes, bound to %d", grown, bound)
		}
		for _, c := range live {
			if err := errors.Join(s.Extend(t.Context(), c, time.Minute), s.Complete(t.Context(), c, nil, []byte("done"), time.Minute)); err != nil {
				t.Fatalf("a claim that was given is no longer there: %v", err)
			}
		}
		time.Sleep(time.Minute)
		for n := range bound / record {
			if _, err := claim(flood + n); err != nil {
				t.Fatalf("claim %d of those after: %v", n, err)
			}
		}
	})
}

// numbered is the ID of a key of no use.
func numbered(n int) idem.ID {
	return idem.NewID("", "caller", "POST", "/orders", strconv.Itoa(n))
}

// The allocator rounds up. Who chooses the size of responses must not choose how far the
// store is over its bound.
func TestMemoryHoldsNoMoreThanItSays(t *testing.T) {
	const bound, slack = 16 << 20, 256 << 10 // of wheels and empty maps
	for _, size := range []int{0, 192, 193, 1025, 4097, 6785, 16385, 27265, 32769, 40961, 65537} {
		t.Run(strconv.Itoa(size), func(t *testing.T) {
			before := heapLive()
			s := idem.NewMemory(idem.WithMaxBytes(bound))
			response := make([]byte, size)
			n, err := 0, error(nil)
			for ; err == nil; n++ {
				err = s.Complete(t.Context(), idem.Claim{ID: numbered(n), Owner: idem.NewOwner()}, nil, response, time.Hour)
			}
			if !errors.Is(err, idem.ErrFull) {
				t.Fatal(err)
			}
			if held := heapLive() - before; held > bound+slack || s.Bytes() > bound {
				t.Errorf("%d records: %d bytes held, %d told, bound to %d", n-1, held, s.Bytes(), bound)
			}
			runtime.KeepAlive(s)
		})
	}
}

// heapLive is what the heap holds after a collection, in bytes.
func heapLive() int64 {
	runtime.GC()
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64())
}

// IDs that an attacker has chosen to lie together, as far as a hash lets him or farther,
// find their own records, and as much room as any others.
func TestMemoryWithChosenIDs(t *testing.T) {
	t.Parallel()
	const records = 2_000
	equal := strings.Repeat("k", idem.MaxKeyLen-5)
	for name, next := range map[string]func(n int) idem.ID{
		"keys tried until they share a shard": func() func(int) idem.ID {
			tried := 0
			return func(int) idem.ID {
				for ; ; tried++ {
					if id := numbered(tried); id[0]%32 == 7 && id[1]%16 == 7 { // and a keeper
						tried++
						return id
					}
				}
			}
		}(),
		"equal beginnings": func(n int) idem.ID { return idem.NewID("", "c", "POST", "/", fmt.Sprintf("%s%05d", equal, n)) },
		"equal endings":    func(n int) idem.ID { return idem.NewID("", "c", "POST", "/", fmt.Sprintf("%05d%s", n, equal)) },
		"a broken hash, low bytes": func(n int) (id idem.ID) {
			binary.LittleEndian.PutUint32(id[28:], uint32(n))
			return id
		},
		"a broken hash, one bucket": func(n int) (id idem.ID) {
			binary.LittleEndian.PutUint64(id[8:], uint64(n)<<40)
			return id
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := idem.NewMemory(idem.WithMaxBytes(records * 576))
			g := idem.NewGuard(s)
			ids := make([]idem.ID, records)
			for n := range ids {
				ids[n] = next(n)
				result, err := g.Claim(t.Context(), ids[n], nil)
				noError(t, err)
				if result.State != idem.Acquired {
					t.Fatalf("record %d: %v", n, result.State)
				}
				var h idem.Held
				g.Hold(t.Context(), result.Claim, "", &h)
				noError(t, h.Complete(nil, binary.LittleEndian.AppendUint32(nil, uint32(n)), nil))
			}
			for n, id := range ids {
				result, err := g.Claim(t.Context(), id, nil)
				noError(t, err)
				if result.State != idem.Done || binary.LittleEndian.Uint32(result.Record) != uint32(n) {
					t.Fatalf("record %d: %v %v", n, result.State, result.Record)
				}
			}
		})
	}
}
