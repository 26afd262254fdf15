package idemredis_test

import (
	"testing"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemredis/redistest"
)

// A lease that was renewed is outlived by its record as the first one was, and so is one
// that was claimed again.
func TestRecordOutlivesARenewedLease(t *testing.T) {
	t.Parallel()
	store := open(t, redistest.Start(t).Client())
	claim := acquire(t, store, newID()) // lease and lifetime are a minute
	ok(t, store.Extend(t.Context(), claim, time.Minute))
	if left := expiresIn(t, store, claim.ID); left <= time.Minute {
		t.Errorf("after Extend the record lives for %v, no longer than its lease", left)
	}
	ok(t, claimAgain(t, store, claim))
	if left := expiresIn(t, store, claim.ID); left <= time.Minute {
		t.Errorf("after another Claim the record lives for %v, no longer than its lease", left)
	}
}

func expiresIn(t *testing.T, store idem.Admin, id idem.ID) time.Duration {
	t.Helper()
	info, err := store.Get(t.Context(), id)
	ok(t, err)
	return info.ExpiresIn
}

// What a take-over keeps, and what it starts anew.
func TestTakeOver(t *testing.T) {
	t.Parallel()
	client := redistest.Start(t).Client()
	store := open(t, client)
	claim := acquire(t, store, newID()) // without a fingerprint
	ok(t, store.Abandon(t.Context(), claim, "test"))
	// The server's clock was ahead when the fence was given.
	ok(t, client.SetRange(t.Context(), keyOf(claim.ID), 19, "\x00\x10\x00\x00\x00\x00\x00\x00").Err())
	r := request(claim.ID)
	r.TakeOver, r.Fingerprint = true, []byte("print")
	result, err := store.Claim(t.Context(), r)
	ok(t, err)
	want := idem.Claim{ID: r.ID, Owner: r.Owner, Fence: 1<<52 + 1, Attempt: 2}
	if result.State != idem.Acquired || string(result.Fingerprint) != "print" || result.Claim != want {
		t.Errorf("take-over = %+v, want the new fingerprint and %+v", result, want)
	}
	if seen := expect(t, store, claim.ID, idem.Pending); string(seen.Fingerprint) != "print" {
		t.Errorf("kept fingerprint %q", seen.Fingerprint)
	}
}

// A record that somebody made persistent is shown as one that stays, and completing it
// again, which keeps it for its lifetime, does not lose it.
func TestPersistedRecord(t *testing.T) {
	t.Parallel()
	client := redistest.Start(t).Client()
	store := open(t, client)
	claim := acquire(t, store, newID())
	complete(t, store, claim)
	ok(t, client.Persist(t.Context(), keyOf(claim.ID)).Err())
	if left := expiresIn(t, store, claim.ID); left < 24*time.Hour {
		t.Errorf("a persistent record expires in %v", left)
	}
	complete(t, store, claim)
	expect(t, store, claim.ID, idem.Done)
	if left := expiresIn(t, store, claim.ID); left <= 0 || left > time.Minute {
		t.Errorf("completed again it expires in %v, want its lifetime", left)
	}
}
