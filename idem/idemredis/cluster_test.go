package idemredis_test

import (
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
