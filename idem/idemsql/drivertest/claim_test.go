package drivertest

import (
	"testing"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemsql"
)

// Who asks again because the answer was lost gets what was given.
func TestClaimAgainKeepsFingerprintAndLifetime(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d database) {
		s := migrated(t, d.open(t), d.dialect)
		r := request(newID())
		r.Fingerprint = []byte("first")
		c := acquire(t, s, r)
		r.Fingerprint, r.TTL = []byte("second"), time.Minute
		result, err := s.Claim(t.Context(), r)
		noError(t, err)
		if result.State != idem.Acquired || result.Claim != c || string(result.Fingerprint) != "first" {
			t.Errorf("Claim again = %v %+v with fingerprint %q", result.State, result.Claim, result.Fingerprint)
		}
		info, err := s.Get(t.Context(), r.ID)
		noError(t, err)
		if info.ExpiresIn < r.Lease+time.Hour-time.Minute {
			t.Errorf("expires in %v", info.ExpiresIn)
		}
	})
}

// What had to wait for a transaction is given its whole time.
func TestTimeBeginsWhenTheWaitIsOver(t *testing.T) {
	t.Parallel()
	for name, step := range map[string]struct {
		run    func(*run) error
		column string // which is an hour from now then
	}{
		"claim":    {func(r *run) error { _, err := r.takeOver(r.Context()); return err }, "lease_end"},
		"complete": {func(r *run) error { return r.store.Complete(r.Context(), r.claim, nil, nil, time.Hour) }, "expires"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := database{idemsql.PostgreSQL, postgres}
			r := begin(t, d, lapsing)
			noError(t, r.complete())
			stepped := make(chan error, 1)
			go func() { stepped <- step.run(&r) }()
			r.somebodyWaits(d)
			read := func(what, from string) (micros int64) {
				noError(t, r.effects.db.QueryRowContext(t.Context(), "SELECT ("+what+")::bigint"+from).Scan(&micros))
				return micros
			}
			now := read("extract(epoch FROM clock_timestamp()) * 1000000", "")
			noError(t, r.end.Rollback(t.Context()))
			noError(t, <-stepped)
			if got := read(step.column, " FROM "+r.table); got < now+time.Hour.Microseconds() {
				t.Errorf("%s is %d µs too early", step.column, now+time.Hour.Microseconds()-got)
			}
		})
	}
}
