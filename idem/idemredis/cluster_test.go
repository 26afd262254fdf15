package idemredis_test

import (
	"net"
	"strings"
	"testing"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemredis"
	"github.com/goaroundhq/goaround/idem/idemredis/redistest"
)

// A Cluster that moves a slot keeps its claims.
func TestMovedSlot(t *testing.T) {
	t.Parallel()
	cluster := redistest.StartCluster(t)
	store := open(t, cluster.Client())
	waits := open(t, cluster.Client(), idemredis.WithReplicas(1, patience))
	claim := acquire(t, store, newID())
	_, err := waits.Claim(t.Context(), request(newID()))
	behind(t, "Claim", err) // the nodes have no replicas
	for _, node := range cluster.Nodes {
		cluster.Move(keyOf(claim.ID), node)
		expect(t, store, claim.ID, idem.Pending)
		behind(t, "Claim after the move", claimAgain(t, waits, claim))
	}
	complete(t, store, claim)
}

// claimAgain claims as the owner that has the claim already.
func claimAgain(t *testing.T, store idem.Store, c idem.Claim) error {
	r := request(c.ID)
	r.Owner = c.Owner
	_, err := store.Claim(t.Context(), r)
	return err
}

// An auto-pipelining client reaches one server of a Cluster for what has no key. Scan says
// so rather than show a third.
func TestScanNeedsTheClusterClient(t *testing.T) {
	t.Parallel()
	cluster := redistest.StartCluster(t)
	store := open(t, autoPipeline(t, cluster.Client()))
	acquire(t, store, newID())
	pairs := 0
	for _, err := range store.Scan(t.Context()) {
		pairs++
		if err == nil || !strings.Contains(err.Error(), "ClusterClient") {
			t.Errorf("Scan: %v, want an error that asks for the redis.ClusterClient", err)
		}
	}
	if pairs != 1 {
		t.Errorf("%d pairs, want the error alone", pairs)
	}
}

// While a slot is on its way to a server that is new in the Cluster, its keys are claimed
// there, also by a store that waits for replicas.
func TestSlotUnderWay(t *testing.T) {
	t.Parallel()
	cluster := redistest.StartCluster(t)
	newcomer := redistest.Start(t, redistest.WithConfig("cluster-enabled yes"))
	host, port, err := net.SplitHostPort(cluster.Nodes[0].Addr())
	ok(t, err)
	ok(t, newcomer.Client().ClusterMeet(t.Context(), host, port).Err())
	eventually(t, "the new server knows the Cluster", func() bool {
		return strings.Contains(newcomer.Client().ClusterInfo(t.Context()).Val(), "cluster_state:ok")
	})
	store := open(t, cluster.Client())
	waits := open(t, cluster.Client(), idemredis.WithReplicas(1, patience))
	id, other := newID(), newID()
	setOut(t, cluster, keyOf(id), newcomer, newcomer)
	_, err = waits.Claim(t.Context(), request(id))
	behind(t, "Claim", err) // the nodes have no replicas
	expect(t, store, id, idem.Pending)
	if n := newcomer.Client().DBSize(t.Context()).Val(); n != 1 {
		t.Errorf("the new server has %d records, want 1", n)
	}
	expect(t, store, other, idem.Acquired)
}

// setOut begins to move the slot of the key to the first of two servers that does not have
// it already.
func setOut(t *testing.T, cluster *redistest.Cluster, key string, first, second *redistest.Server) {
	t.Helper()
	var from *redistest.Server
	for _, node := range cluster.Nodes {
		if node.Client().Exists(t.Context(), key).Err() == nil {
			from = node
		}
	}
	to := first
	if from == to {
		to = second
	}
	slot := to.Client().ClusterKeySlot(t.Context(), key).Val()
	for _, step := range []struct {
		at, other *redistest.Server
		state     string
	}{{to, from, "importing"}, {from, to, "migrating"}} {
		other, err := step.other.Client().Do(t.Context(), "cluster", "myid").Text()
		ok(t, err)
		eventually(t, "the servers know each other", func() bool {
			return step.at.Client().Do(t.Context(), "cluster", "setslot", slot, step.state, other).Err() == nil
		})
	}
}
