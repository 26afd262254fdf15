package nemesis

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/goaroundhq/goaround/benchmarks/faults/site"
)

// role is a node of Redis that Sentinels watch.
type role struct {
	site.Node
	client *redis.Client
}

// roles are who is master now, and who its replica. It is an error when the replica has not
// what the master has.
func roles(ctx context.Context, s *site.Site) (master, replica role, err error) {
	for i, client := range s.Redis() {
		info := client.Info(ctx, "replication")
		switch {
		case says(info, "role:master") == nil:
			master = role{s.Nodes()[i], client}
		case says(info, "master_link_status:up") == nil:
			replica = role{s.Nodes()[i], client}
		default:
			return role{}, role{}, fmt.Errorf("%s is no master and has none: %w: %s", s.Nodes()[i].Addr(), info.Err(), info.Val())
		}
	}
	if master.Node == nil || replica.Node == nil {
		return role{}, role{}, errors.New("two masters, or two replicas")
	}
	return master, replica, nil
}

// failOver has the replica promoted without what its master was told in the end. They
// change roles: the old master is the replica of the next failover.
func failOver(ctx context.Context, w *World) error {
	if err := sound(w); err != nil { // Sentinels may be at work already
		return err
	}
	master, replica, err := roles(ctx, w.Site)
	if err != nil {
		return err
	}
	d := w.between(200*time.Millisecond, 800*time.Millisecond)
	w.Log("the master at %s writes alone for %v and is killed", master.Addr(), d)
	if err := alone(ctx, master, replica); err != nil {
		return err
	}
	interrupted := last(ctx, d)
	if err := master.Kill(); err != nil {
		return err
	}
	return errors.Join(interrupted, w.Site.Sentinel().Promoted(replica.Addr()), follow(master, replica), sound(w))
}

// alone breaks the link of the replica to the master, and returns when it is down. The rights
// that are taken away are in no file: they are there again when the master is started.
func alone(ctx context.Context, master, replica role) error {
	if err := master.client.ACLSetUser(ctx, "default", "-psync", "-sync").Err(); err != nil {
		return err
	}
	if err := master.client.ClientKillByFilter(ctx, "TYPE", "replica").Err(); err != nil {
		return err
	}
	return eventually(soundTime, func(ctx context.Context) error {
		return says(replica.client.Info(ctx, "replication"), "master_link_status:down")
	})
}

// follow starts a killed master as the replica of who took its place. Sentinels would do that
// too, some seconds later.
func follow(old, now role) error {
	if err := old.Start(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), soundTime)
	defer cancel()
	host, port, err := net.SplitHostPort(now.Addr())
	if err != nil {
		return err
	}
	return old.client.ReplicaOf(ctx, host, port).Err()
}
