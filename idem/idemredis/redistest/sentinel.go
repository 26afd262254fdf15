package redistest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	masterName = "main"
	sentinels  = 3
	// promotionTime is how long a promotion may take. A Sentinel that was not scheduled for
	// two seconds does nothing for thirty.
	promotionTime = 75 * time.Second
)

// Sentinel is a master with one replica, and three Sentinels that make the replica the
// master when the master is gone for half a second.
type Sentinel struct {
	Master, Replica *Server // as they were at first
	Sentinels       []*Server
	t               testing.TB
}

// StartSentinel starts them all, and returns when the replica has what the master has and
// the Sentinels know each other, so that a failover can follow. The options are for master
// and replica. It fails the test when it cannot.
func StartSentinel(t testing.TB, opts ...Option) *Sentinel {
	t.Helper()
	s := &Sentinel{t: t, Master: Start(t, opts...)}
	s.Replica = StartReplica(t, s.Master, opts...)
	for range sentinels {
		s.Sentinels = append(s.Sentinels, s.startSentinel())
	}
	for _, sentinel := range s.Sentinels {
		if err := sentinel.isReady(); err != nil {
			t.Fatalf("redistest: sentinel: %v", err)
		}
	}
	return s
}

// StartReplica starts a replica of the master and returns when it has what the master has.
// A master with a password needs the same option here.
func StartReplica(t testing.TB, master *Server, opts ...Option) *Server {
	t.Helper()
	follow := WithConfig(fmt.Sprintf("replicaof 127.0.0.1 %d", master.port))
	replica := Start(t, append([]Option{follow}, opts...)...)
	client := replica.Client()
	err := eventually(startTime, func(ctx context.Context) error {
		info, err := client.Info(ctx, "replication").Result()
		if err == nil && !strings.Contains(info, "master_link_status:up") {
			err = fmt.Errorf("replica has no link to its master: %s", info)
		}
		return err
	})
	if err != nil {
		t.Fatalf("redistest: replica: %v", err)
	}
	return replica
}

func (s *Sentinel) startSentinel() *Server {
	s.t.Helper()
	lines := []string{
		fmt.Sprintf("sentinel monitor %s 127.0.0.1 %d %d", masterName, s.Master.port, sentinels/2+1),
		"sentinel down-after-milliseconds " + masterName + " 500",
		"sentinel failover-timeout " + masterName + " 2000",
	}
	if s.Master.password != "" {
		lines = append(lines, "sentinel auth-pass "+masterName+" "+s.Master.password)
	}
	return start(s.t, []string{"--sentinel"}, WithConfig(lines...))
}

// isReady waits until the Sentinel knows the replica and the other Sentinels.
func (s *Server) isReady() error {
	client := redis.NewSentinelClient(s.Options())
	defer client.Close() //nolint:errcheck // nothing was written
	return eventually(startTime, func(ctx context.Context) error {
		master, err := client.Master(ctx, masterName).Result()
		if err != nil {
			return err
		}
		if master["num-slaves"] != "1" || master["num-other-sentinels"] != fmt.Sprint(sentinels-1) || master["flags"] != "master" {
			return fmt.Errorf("sentinel sees %v", master)
		}
		return nil
	})
}

// Client returns a new client that asks the Sentinels for the master, which the end of the
// test closes.
func (s *Sentinel) Client() *redis.Client {
	client := redis.NewFailoverClient(s.Options())
	s.t.Cleanup(func() { _ = client.Close() })
	return client
}

// Options are for such a client.
func (s *Sentinel) Options() *redis.FailoverOptions {
	options := &redis.FailoverOptions{MasterName: masterName, Password: s.Master.password}
	for _, sentinel := range s.Sentinels {
		options.SentinelAddrs = append(options.SentinelAddrs, sentinel.Addr())
	}
	return options
}

// KillMaster kills the first master. The replica is promoted a little later; see
// [Sentinel.AwaitPromotion].
func (s *Sentinel) KillMaster() {
	s.t.Helper()
	s.Master.Kill()
}

// AwaitPromotion returns when the replica is the master and all Sentinels say so, and fails
// the test when that takes more than 75 seconds: the Sentinels of a busy machine may rest for
// half a minute before they act.
func (s *Sentinel) AwaitPromotion() {
	s.t.Helper()
	for _, sentinel := range s.Sentinels {
		client := redis.NewSentinelClient(sentinel.Options())
		err := eventually(promotionTime, func(ctx context.Context) error {
			addr, err := client.GetMasterAddrByName(ctx, masterName).Result()
			if err == nil && strings.Join(addr, ":") != s.Replica.Addr() {
				err = fmt.Errorf("the sentinel's master is %v", addr)
			}
			return err
		})
		_ = client.Close()
		if err != nil {
			s.t.Fatalf("redistest: promotion: %v", err)
		}
	}
}
