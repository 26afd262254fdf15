package slotredis_test

import (
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/goaroundhq/goaround/idem/idemredis/redistest"
	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/slot/book"
	"github.com/goaroundhq/goaround/slot/slotredis"
)

const user, password = "app", "secret"

// A user with the rights that are documented has all it takes: nothing is refused.
func TestPermissions(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	permit(t, server, "each question", "each connection of go-redis", "notices", "Counter")
	options := server.Options()
	options.Username, options.Password = user, password
	q := newQueue(t, connect(t, options))
	drain(t, newServer(200, time.Second), target, 20, q)
	counter := slotredis.NewCounter(connect(t, options))
	_, err := counter.Next(t.Context(), "ring")
	ok(t, err)
	server.NothingRefused(t)
}

// The same in a Cluster, while a book moves.
func TestPermissionsInACluster(t *testing.T) {
	t.Parallel()
	cluster := redistest.StartCluster(t)
	for _, node := range cluster.Nodes {
		permit(t, node, "each question", "each connection of go-redis", "notices", "a Cluster")
	}
	options := cluster.Options()
	options.Username, options.Password = user, password
	client := redis.NewClusterClient(options)
	t.Cleanup(func() { _ = client.Close() })
	q := newQueue(t, client)
	for _, node := range cluster.Nodes {
		cluster.Move(keyOf(target), node)
		drain(t, newServer(200, 500*time.Millisecond), target, 10, q)
		node.NothingRefused(t)
	}
}

// Without the right to publish or to listen callers have their turns all the same, and what
// is missing is said to who has no right to ask.
func TestFewPermissions(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	permit(t, server, "each question", "each connection of go-redis")
	options := server.Options()
	options.Username, options.Password = user, password
	seen := &outageEvents{}
	q := newQueue(t, connect(t, options), seen.observer(), slot.WithStoreTimeout(patience))
	drain(t, newServer(200, time.Second), target, 20, q)
	if seen.fellBack.Load() != 0 || seen.polling.Load() == 0 {
		t.Errorf("%d callers fell back, %d times no notices; want 0 and some", seen.fellBack.Load(), seen.polling.Load())
	}
	ok(t, server.Client().Do(t.Context(), "acl", "setuser", user, "-evalsha").Err())
	_, err := open(t, connect(t, options)).Ask(t.Context(), target, book.Rules{}, book.Ask{})
	if err == nil || !strings.Contains(err.Error(), "the user needs the rights") {
		t.Errorf("Ask without the right to = %v", err)
	}
}

// permit gives the user the documented rights for what it does.
func permit(t *testing.T, server *redistest.Server, purposes ...string) {
	t.Helper()
	rule := []any{"acl", "setuser", user, "reset", "on", ">" + password, "~slot:*", "&slot:*"}
	for _, purpose := range purposes {
		for _, right := range redistest.DocumentedRights(t, purpose) {
			rule = append(rule, right)
		}
	}
	ok(t, server.Client().Do(t.Context(), rule...).Err())
}
