package idemredis_test

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemredis"
)

// open makes a store that is closed with the test.
func open(t testing.TB, client redis.UniversalClient, opts ...idemredis.Option) *idemredis.Store {
	store := idemredis.New(client, opts...)
	t.Cleanup(func() { _ = store.Close() })
	return store
}

func connect(t testing.TB, options *redis.Options) *redis.Client {
	client := redis.NewClient(options)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func autoPipeline(t testing.TB, client redis.UniversalClient) redis.UniversalClient {
	pipelining, err := client.AutoPipeline()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pipelining.Close() })
	return pipelining
}

func keyOf(id idem.ID) string { return idemredis.DefaultPrefix + "{" + id.String() + "}" }

func request(id idem.ID) idem.ClaimRequest {
	return idem.ClaimRequest{ID: id, Owner: idem.NewOwner(), Lease: time.Minute, TTL: time.Minute}
}

// acquire claims the ID and must get it.
func acquire(t *testing.T, store idem.Store, id idem.ID) idem.Claim {
	t.Helper()
	return expect(t, store, id, idem.Acquired).Claim
}

// expect claims the ID and must find the state.
func expect(t *testing.T, store idem.Store, id idem.ID, want idem.State) idem.ClaimResult {
	t.Helper()
	r, err := store.Claim(t.Context(), request(id))
	if err != nil {
		t.Fatalf("Claim: %v", err)
	}
	if r.State != want {
		t.Fatalf("Claim = %v, want %v", r.State, want)
	}
	return r
}

func complete(t *testing.T, store idem.Store, c idem.Claim) {
	t.Helper()
	ok(t, store.Complete(t.Context(), c, nil, []byte("result"), time.Minute))
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// newID returns an ID that nobody else has.
func newID() (id idem.ID) {
	for i := 0; i < len(id); i += len(idem.Owner{}) {
		owner := idem.NewOwner()
		copy(id[i:], owner[:])
	}
	return id
}
