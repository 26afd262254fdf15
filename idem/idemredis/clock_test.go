package idemredis_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemredis"
	"github.com/goaroundhq/goaround/idem/idemredis/redistest"
)

// Only the server's clock counts: a process that lives in the year 2000, where the clocks
// of synctest start, and one of today see the same lease.
func TestOnlyTheServersClockCounts(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	today := open(t, server.Client())
	r, lapsed := request(newID()), request(newID())
	lapsed.Lease = time.Millisecond
	var claim idem.Claim
	synctest.Test(t, func(t *testing.T) {
		client := redis.NewClient(server.Options())
		defer client.Close() //nolint:errcheck // nothing depends on it
		longAgo := idemredis.New(client)
		if year := time.Now().Year(); year != 2000 {
			t.Fatalf("the year is %d", year)
		}
		result, err := longAgo.Claim(t.Context(), r)
		ok(t, err)
		claim = result.Claim
		_, err = longAgo.Claim(t.Context(), lapsed)
		ok(t, err)
	})
	result := expect(t, today, r.ID, idem.Pending)
	if result.LeaseLeft <= 0 || result.LeaseLeft > r.Lease || result.Age > r.Lease {
		t.Errorf("%v left of a lease of %v, given %v ago", result.LeaseLeft, r.Lease, result.Age)
	}
	if behind := time.Since(time.UnixMicro(int64(claim.Fence))); behind < 0 || behind > time.Hour {
		t.Errorf("fence is %v behind the server's clock", behind)
	}
	eventually(t, "the lease of the other claim is over", func() bool {
		info, err := today.Get(t.Context(), lapsed.ID)
		ok(t, err)
		return info.State == idem.Unknown
	})
}
