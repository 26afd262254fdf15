package server_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
	"github.com/goaroundhq/goaround/skew"
	"github.com/goaroundhq/goaround/skew/skewtest"
)

// A server whose machine is ten minutes wrong, and is set to the right time while it runs,
// judges the age of keys by the clock that the sources set: what is surely young runs, and
// what may be too old is refused.
func TestExpiringKeysOnASkewedServer(t *testing.T) {
	t.Parallel()
	const ttl, ahead, bound = time.Hour, 5 * time.Minute, 2 * time.Second
	for _, off := range []time.Duration{-10 * time.Minute, 10 * time.Minute} {
		for _, tt := range []struct {
			name    string
			age     time.Duration // of the key, in truth
			set     bool          // that the machine's clock is set after the round
			expired bool
		}{
			{"young", ttl - ahead - time.Minute, false, false},
			{"young, clock set", ttl - ahead - time.Minute, true, false},
			{"may be too old", ttl - ahead - bound/2, false, true},
			{"too old", ttl - ahead + time.Minute, false, true},
			{"too old, clock set", ttl - ahead + time.Minute, true, true},
		} {
			t.Run(fmt.Sprintf("off by %v, %s", off, tt.name), func(t *testing.T) {
				t.Parallel()
				machine := &skewtest.Machine{}
				machine.Step(off)
				clock := skew.New(skew.WithSystem(machine), skew.WithSources(&skewtest.Source{Label: "ntp", Radius: bound}))
				if _, err := clock.Sync(t.Context()); err != nil {
					t.Fatal(err)
				}
				if tt.set {
					machine.Step(-off)
				}
				made := time.Now().Add(-tt.age).UnixMilli()
				key := fmt.Sprintf("%08x-%04x-7000-8000-000000000000", made>>16, made&0xffff) // a UUIDv7
				s := serve(t, created, server.WithExpiringKeys(clock), server.WithGuard(idem.WithTTL(ttl)))
				r := s.post(key)
				if !tt.expired {
					s.expect(r, http.StatusCreated, `{"id":17}`)
					return
				}
				s.expectProblem(r, http.StatusBadRequest, idem.KeyExpired)
				s.expectRuns(0)
			})
		}
	}
}
