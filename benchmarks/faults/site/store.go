package site

import (
	"context"
	"database/sql"
	"fmt"
	"net"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver pgx
	"github.com/redis/go-redis/v9"
)

// Store is how a process reaches a store. It travels as JSON in the task of the process.
type Store struct {
	Kind   Kind
	Addrs  []string          `json:",omitempty"` // of Redis: of its server, Sentinels or nodes
	Master string            `json:",omitempty"` // the name by which Sentinels know it
	Relays map[string]string `json:",omitempty"` // where the relay to an address of Redis listens
	URL    string            `json:",omitempty"` // of PostgreSQL, behind its relay
}

// OpenRedis returns a client that talks through the relays. It connects when it is used.
func (st Store) OpenRedis() (redis.UniversalClient, error) {
	options := &redis.UniversalOptions{
		Addrs: st.Addrs, MasterName: st.Master, IsClusterMode: st.Kind == Cluster,
		Dialer: st.dial, ContextTimeoutEnabled: true,
	}
	switch st.Kind {
	case Redis, RedisAOF, Sentinel, Cluster:
		return redis.NewUniversalClient(options), nil
	default:
		return nil, fmt.Errorf("site: no Redis: %s", st.Kind)
	}
}

// dial connects with the relay to an address.
func (st Store) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	relay, ok := st.Relays[addr]
	if !ok {
		return nil, fmt.Errorf("site: no relay to %s", addr)
	}
	return new(net.Dialer).DialContext(ctx, network, relay)
}

// OpenSQL returns a pool that talks through the relay. It connects when it is used.
func (st Store) OpenSQL() (*sql.DB, error) {
	if st.Kind != SQL {
		return nil, fmt.Errorf("site: no database: %s", st.Kind)
	}
	return sql.Open("pgx", st.URL)
}
