package site

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/goaroundhq/goaround/idem/idemredis/redistest"
	"github.com/goaroundhq/goaround/idem/idemsql/drivertest/pgtest"
)

// ground is the servers of a store, without relays.
type ground struct {
	nodes    []Node
	redis    []*redis.Client // one for each node
	addrs    []string        // which clients must know
	reach    []string        // which clients may learn
	master   string          // by Sentinels
	sentinel *redistest.Sentinel
	pg       *pgtest.Server
	db       *sql.DB
	servers  io.Closer
}

// openGround starts the servers of a kind.
func openGround(ctx context.Context, kind Kind) (*ground, error) {
	switch kind {
	case Redis:
		return openSingle()
	case RedisAOF:
		return openSingle(redistest.WithAOF())
	case Sentinel:
		return openSentinel(ctx)
	case Cluster:
		return openCluster()
	case SQL:
		return openSQL()
	default:
		return nil, fmt.Errorf("site: unknown store %q", kind)
	}
}

// close ends the servers.
func (g *ground) close() error {
	err := closeAll(g.redis)
	if g.db != nil {
		err = errors.Join(err, g.db.Close())
	}
	return errors.Join(err, g.servers.Close())
}

// stand adds servers of Redis.
func (g *ground) stand(servers ...*redistest.Server) {
	for _, server := range servers {
		options := server.Options()
		options.ContextTimeoutEnabled = true // some of them will not answer
		g.nodes = append(g.nodes, redisNode{server})
		g.redis = append(g.redis, redis.NewClient(options))
		g.reach = append(g.reach, server.Addr())
	}
}

func openSingle(opts ...redistest.Option) (*ground, error) {
	server, err := redistest.Open(opts...)
	if err != nil {
		return nil, err
	}
	g := &ground{servers: server, addrs: []string{server.Addr()}}
	g.stand(server)
	return g, nil
}

// patience is how long a master must be silent until Sentinels act. With less they act by
// themselves when the machine is busy, and lose what nobody meant to lose.
const patience = 2 * time.Second

func openSentinel(ctx context.Context) (*ground, error) {
	sentinel, err := redistest.OpenSentinel()
	if err != nil {
		return nil, err
	}
	for _, server := range sentinel.Sentinels {
		if err := setPatience(ctx, server.Options(), sentinel.Options().MasterName); err != nil {
			return nil, errors.Join(err, sentinel.Close())
		}
	}
	options := sentinel.Options()
	g := &ground{servers: sentinel, sentinel: sentinel, addrs: options.SentinelAddrs, master: options.MasterName}
	g.stand(sentinel.Master, sentinel.Replica)
	g.reach = append(g.reach, g.addrs...)
	return g, nil
}

func setPatience(ctx context.Context, sentinel *redis.Options, master string) error {
	client := redis.NewSentinelClient(sentinel)
	err := client.Set(ctx, master, "down-after-milliseconds", strconv.FormatInt(patience.Milliseconds(), 10)).Err()
	return errors.Join(err, client.Close())
}

func openCluster() (*ground, error) {
	cluster, err := redistest.OpenCluster(redistest.WithAOF())
	if err != nil {
		return nil, err
	}
	g := &ground{servers: cluster}
	g.stand(cluster.Nodes...)
	g.addrs = g.reach
	return g, nil
}

func openSQL() (*ground, error) {
	server, err := pgtest.Open()
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("pgx", server.URL())
	if err != nil {
		return nil, errors.Join(err, server.Close())
	}
	return &ground{servers: server, nodes: []Node{server}, pg: server, db: db, reach: []string{server.Addr()}}, nil
}

// ping asks each server for an answer.
func (g *ground) ping(ctx context.Context) error {
	for _, client := range g.redis {
		if err := client.Ping(ctx).Err(); err != nil {
			return err
		}
	}
	if g.db != nil {
		return g.db.PingContext(ctx)
	}
	return nil
}
