package redistest

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
	t               failing
}

// StartSentinel runs them all until the test is over, and returns when the replica has what
// the master has and the Sentinels know each other, so that a failover can follow. The
// options are for master and replica. It fails the test when it cannot.
func StartSentinel(t testing.TB, opts ...Option) *Sentinel {
	t.Helper()
	s, err := OpenSentinel(opts...)
	if err != nil {
		t.Fatal(err)
	}
	s.t = t
	for _, server := range s.all() {
		server.endWith(t)
	}
	return s
}

// OpenSentinel runs them until Close, for a program that is no test.
func OpenSentinel(opts ...Option) (_ *Sentinel, err error) {
	s := &Sentinel{t: noTest{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if s.Master, err = Open(opts...); err != nil {
		return nil, err
	}
	if s.Replica, err = OpenReplica(s.Master, opts...); err != nil {
		return nil, err
	}
	for range sentinels {
		sentinel, err := s.openSentinel()
		if err != nil {
			return nil, err
		}
		s.Sentinels = append(s.Sentinels, sentinel)
	}
	for _, sentinel := range s.Sentinels {
		if err := sentinel.isReady(); err != nil {
			return nil, fmt.Errorf("redistest: sentinel: %w", err)
		}
	}
	return s, nil
}

// Close ends all servers, with their files and clients.
func (s *Sentinel) Close() error { return closeAll(s.all()) }

// all are the servers that were started, the Sentinels last: their clients are the first
// master's.
func (s *Sentinel) all() []*Server {
	all := append([]*Server{s.Master, s.Replica}, s.Sentinels...)
	return slices.DeleteFunc(all, func(server *Server) bool { return server == nil })
}

func closeAll(servers []*Server) error {
	var errs []error
	for _, server := range servers {
		errs = append(errs, server.Close())
	}
	return errors.Join(errs...)
}

// StartReplica runs a replica of the master until the test is over, and returns when it has
// what the master has. A master with a password needs the same option here.
func StartReplica(t testing.TB, master *Server, opts ...Option) *Server {
	t.Helper()
	replica, err := OpenReplica(master, opts...)
	if err != nil {
		t.Fatal(err)
	}
	replica.endWith(t)
	return replica
}

// OpenReplica runs a replica until Close, for a program that is no test.
func OpenReplica(master *Server, opts ...Option) (*Server, error) {
	follow := WithConfig(fmt.Sprintf("replicaof 127.0.0.1 %d", master.port))
	replica, err := Open(append([]Option{follow}, opts...)...)
	if err != nil {
		return nil, err
	}
	if err := replica.follows(); err != nil {
		return nil, errors.Join(fmt.Errorf("redistest: replica: %w", err), replica.Close())
	}
	return replica, nil
}

// follows waits until the replica has what its master has.
func (s *Server) follows() error {
	client := s.Client()
	return eventually(startTime, func(ctx context.Context) error {
		info, err := client.Info(ctx, "replication").Result()
		if err == nil && !strings.Contains(info, "master_link_status:up") {
			err = fmt.Errorf("replica has no link to its master: %s", info)
		}
		return err
	})
}

func (s *Sentinel) openSentinel() (*Server, error) {
	lines := []string{
		fmt.Sprintf("sentinel monitor %s 127.0.0.1 %d %d", masterName, s.Master.port, sentinels/2+1),
		"sentinel down-after-milliseconds " + masterName + " 500",
		"sentinel failover-timeout " + masterName + " 2000",
	}
	if s.Master.password != "" {
		lines = append(lines, "sentinel auth-pass "+masterName+" "+s.Master.password)
	}
	return open([]string{"--sentinel"}, WithConfig(lines...))
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

// Client returns a new client that asks the Sentinels for the master, and ends with them.
func (s *Sentinel) Client() *redis.Client {
	client := redis.NewFailoverClient(s.Options())
	s.Master.clients.add(client)
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
func (s *Sentinel) KillMaster() { s.Master.Kill() }

// AwaitPromotion returns when the replica is the master and all Sentinels say so. It fails,
// as [Server.Restart] does, when that takes more than 75 seconds: the Sentinels of a busy
// machine may rest for half a minute before they act.
func (s *Sentinel) AwaitPromotion() {
	s.t.Helper()
	if err := s.Promoted(s.Replica.Addr()); err != nil {
		s.t.Fatal(err)
	}
}

// Promoted returns nil when all Sentinels say that the server at addr is the master, and an
// error when that takes as long as [Sentinel.AwaitPromotion] tells.
func (s *Sentinel) Promoted(addr string) error {
	for _, sentinel := range s.Sentinels {
		client := redis.NewSentinelClient(sentinel.Options())
		err := eventually(promotionTime, func(ctx context.Context) error {
			master, err := client.GetMasterAddrByName(ctx, masterName).Result()
			if err == nil && strings.Join(master, ":") != addr {
				err = fmt.Errorf("the sentinel's master is %v", master)
			}
			return err
		})
		_ = client.Close()
		if err != nil {
			return fmt.Errorf("redistest: promotion: %w", err)
		}
	}
	return nil
}
