package idemredis_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemredis"
	"github.com/goaroundhq/goaround/idem/idemredis/redistest"
)

const user, password = "app", "secret"

// A user with the rights that are documented for what it does has all it takes: nothing is
// refused, and the channels of those who have waited are given back.
func TestPermissions(t *testing.T) {
	t.Parallel()
	for db, more := range [][]string{{}, {"a database other than 0"}} {
		t.Run(fmt.Sprint("database ", db), func(t *testing.T) {
			t.Parallel()
			server := redistest.Start(t)
			permit(t, server, append(more, "Scan", "Check")...)
			options := server.Options()
			options.Username, options.Password, options.DB = user, password, db
			store := open(t, connect(t, options))
			kept := acquire(t, store, newID())
			done := wait(t.Context(), store, kept.ID, 1)
			for range 20 {
				claim := acquire(t, store, newID())
				waiter := wait(t.Context(), store, claim.ID, 1)
				eventually(t, "a subscription", func() bool { return subscribers(t, server.Client(), claim.ID) == 1 })
				complete(t, store, claim)
				returned(t, waiter, 1)
			}
			eventually(t, "the channels but one are given back", func() bool {
				return slices.Equal(channels(t, server), []string{keyOf(kept.ID)})
			})
			complete(t, store, kept)
			returned(t, done, 1)
			ok(t, scanAll(t.Context(), store))
			findings, err := store.Check(t.Context())
			ok(t, err)
			compareFindings(t, findings, []string{"INFO persistence is off"})
			server.NothingRefused(t)
		})
	}
}

func TestPermissionsInACluster(t *testing.T) {
	t.Parallel()
	cluster := redistest.StartCluster(t)
	for _, node := range cluster.Nodes {
		permit(t, node, "a Cluster", "WithReplicas", "Scan")
	}
	options := cluster.Options()
	options.Username, options.Password = user, password
	client := redis.NewClusterClient(options)
	t.Cleanup(func() { _ = client.Close() })
	store, replicated := open(t, client), open(t, client, idemredis.WithReplicas(1, patience))
	id, other := newID(), newID()
	setOut(t, cluster, keyOf(id), cluster.Nodes[0], cluster.Nodes[1])
	_, err := replicated.Claim(t.Context(), request(id))
	behind(t, "Claim in a slot under way", err) // the nodes have no replicas
	expect(t, store, id, idem.Pending)
	claim := acquire(t, store, other)
	waiter := wait(t.Context(), store, other, 1)
	complete(t, store, claim)
	returned(t, waiter, 1)
	ok(t, scanAll(t.Context(), store))
	for _, node := range cluster.Nodes {
		node.NothingRefused(t)
	}
}

// permit gives the user the rights for each step, and those for more.
func permit(t *testing.T, server *redistest.Server, more ...string) {
	t.Helper()
	rule := []any{"acl", "setuser", user, "reset", "on", ">" + password, "~idem:*", "&idem:*"}
	for _, purpose := range append(more, "each step", "each connection of go-redis", "hints to those who wait") {
		for _, right := range redistest.DocumentedRights(t, purpose) {
			rule = append(rule, right)
		}
	}
	ok(t, server.Client().Do(t.Context(), rule...).Err())
}

func channels(t *testing.T, server *redistest.Server) []string {
	t.Helper()
	names, err := server.Client().PubSubChannels(t.Context(), "*").Result()
	ok(t, err)
	return names
}
