package redistest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	clusterNodes = 3
	slots        = 16384
)

// Cluster is a Redis Cluster of three masters without replicas.
type Cluster struct {
	Nodes []*Server
	t     failing
}

// StartCluster runs a Cluster until the test is over, and returns when all its nodes say
// that it works. The options are for each node. It fails the test when it cannot.
func StartCluster(t testing.TB, opts ...Option) *Cluster {
	t.Helper()
	c, err := OpenCluster(opts...)
	if err != nil {
		t.Fatal(err)
	}
	c.t = t
	for _, node := range c.Nodes {
		node.endWith(t)
	}
	return c
}

// OpenCluster runs a Cluster until Close, for a program that is no test.
func OpenCluster(opts ...Option) (*Cluster, error) {
	opts = append([]Option{WithConfig("cluster-enabled yes", "cluster-node-timeout 5000")}, opts...)
	c := &Cluster{t: noTest{}}
	for range clusterNodes {
		node, err := Open(opts...)
		if err != nil {
			return nil, errors.Join(err, c.Close())
		}
		c.Nodes = append(c.Nodes, node)
	}
	if err := c.join(); err != nil {
		return nil, errors.Join(fmt.Errorf("redistest: cluster: %w", err), c.Close())
	}
	return c, nil
}

// Close ends all nodes, with their files and clients.
func (c *Cluster) Close() error { return closeAll(c.Nodes) }

// Client returns a new client of the Cluster, which ends with it.
func (c *Cluster) Client() *redis.ClusterClient {
	client := redis.NewClusterClient(c.Options())
	c.Nodes[0].clients.add(client)
	return client
}

// Options are for a client of the Cluster.
func (c *Cluster) Options() *redis.ClusterOptions {
	options := &redis.ClusterOptions{Password: c.Nodes[0].password}
	for _, node := range c.Nodes {
		options.Addrs = append(options.Addrs, node.Addr())
	}
	return options
}

// join shares the slots out and introduces the nodes to each other.
func (c *Cluster) join() error {
	ctx, cancel := context.WithTimeout(context.Background(), startTime)
	defer cancel()
	for i, node := range c.Nodes {
		client := node.Client()
		first, last := i*slots/clusterNodes, (i+1)*slots/clusterNodes-1
		if err := client.ClusterAddSlotsRange(ctx, first, last).Err(); err != nil {
			return err
		}
		// Epochs of their own spare the nodes an argument about who is right.
		if err := client.Do(ctx, "cluster", "set-config-epoch", i+1).Err(); err != nil {
			return err
		}
		if i > 0 {
			if err := client.ClusterMeet(ctx, "127.0.0.1", fmt.Sprint(c.Nodes[0].port)).Err(); err != nil {
				return err
			}
		}
	}
	for _, node := range c.Nodes {
		if err := node.inCluster(); err != nil {
			return err
		}
	}
	return nil
}

// inCluster waits until the node knows all others and their slots.
func (s *Server) inCluster() error {
	client := s.Client()
	return eventually(startTime, func(ctx context.Context) error {
		info, err := client.ClusterInfo(ctx).Result()
		if err != nil {
			return err
		}
		for _, want := range []string{
			"cluster_state:ok", fmt.Sprintf("cluster_slots_ok:%d", slots), fmt.Sprintf("cluster_size:%d", clusterNodes),
		} {
			if !strings.Contains(info, want+"\r\n") {
				return fmt.Errorf("not %s: %s", want, info)
			}
		}
		return nil
	})
}

// Move gives the slot of the key to a node of the Cluster, with what is in it, as
// resharding does. It does nothing when the node has it. It fails as [Server.Restart] does.
func (c *Cluster) Move(key string, to *Server) {
	c.t.Helper()
	if err := c.move(key, to); err != nil {
		c.t.Fatal(fmt.Errorf("redistest: move the slot of %s: %w", key, err))
	}
}

func (c *Cluster) move(key string, to *Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), startTime)
	defer cancel()
	from, err := c.owner(ctx, key)
	if err != nil || from == to {
		return err
	}
	source, target := from.Client(), to.Client()
	slot, err := source.ClusterKeySlot(ctx, key).Result()
	if err != nil {
		return err
	}
	set := func(client *redis.Client, args ...any) error {
		return client.Do(ctx, append([]any{"cluster", "setslot", slot}, args...)...).Err()
	}
	sourceID, targetID := source.Do(ctx, "cluster", "myid").Val(), target.Do(ctx, "cluster", "myid").Val()
	if err := set(target, "importing", sourceID); err != nil {
		return err
	}
	if err := set(source, "migrating", targetID); err != nil {
		return err
	}
	if err := moveKeys(ctx, source, to, slot); err != nil {
		return err
	}
	for _, node := range append([]*Server{to, from}, c.Nodes...) { // those concerned first
		if err := set(node.Client(), "node", targetID); err != nil {
			return err
		}
	}
	return nil
}

// owner returns the node that has the slot of the key.
func (c *Cluster) owner(ctx context.Context, key string) (*Server, error) {
	for _, node := range c.Nodes {
		if node.Client().Exists(ctx, key).Err() == nil {
			return node, nil
		}
	}
	return nil, fmt.Errorf("no node has the slot of %s", key)
}

func moveKeys(ctx context.Context, source *redis.Client, to *Server, slot int64) error {
	keys, err := source.ClusterGetKeysInSlot(ctx, int(slot), 1000).Result()
	if err != nil {
		return err
	}
	for _, key := range keys {
		if err := source.Migrate(ctx, "127.0.0.1", fmt.Sprint(to.port), key, 0, 5*time.Second).Err(); err != nil {
			return err
		}
	}
	return nil
}
