package site

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/redis/go-redis/v9"

	"github.com/goaroundhq/goaround/benchmarks/faults/relay"
	"github.com/goaroundhq/goaround/idem/idemredis/redistest"
	"github.com/goaroundhq/goaround/idem/idemsql/drivertest/pgtest"
)

// Site is the ground of one run. Its methods are safe for use by several goroutines; those
// of its nodes are not.
type Site struct {
	kind   Kind
	store  *ground
	pacer  *ground
	relays []*relay.Relay // all of them

	// The first index is that of the host that calls.
	toStore  []map[string]*relay.Relay // by the address that is behind
	toServer [][]*relay.Relay
	toPacer  []*relay.Relay
}

// Open starts a store and a pacer, and makes the relays for that many servers and clients. It
// returns an error when it cannot, as when a program is missing.
func Open(ctx context.Context, kind Kind, servers, clients int) (_ *Site, err error) {
	s := &Site{kind: kind}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if s.store, err = openGround(ctx, kind); err != nil {
		return nil, err
	}
	if s.pacer, err = openGround(ctx, Redis); err != nil {
		return nil, err
	}
	if err := errors.Join(s.store.ping(ctx), s.pacer.ping(ctx)); err != nil {
		return nil, fmt.Errorf("site: %w", err)
	}
	for range servers {
		if err := s.addServer(); err != nil {
			return nil, err
		}
	}
	for range clients {
		if err := s.addClient(servers); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *Site) addServer() error {
	links := make(map[string]*relay.Relay)
	for _, addr := range s.store.reach {
		link, err := s.link(addr)
		if err != nil {
			return err
		}
		links[addr] = link
	}
	s.toStore = append(s.toStore, links)
	return nil
}

func (s *Site) addClient(servers int) error {
	links := make([]*relay.Relay, servers)
	for i := range links {
		link, err := s.link("")
		if err != nil {
			return err
		}
		links[i] = link
	}
	link, err := s.link(s.pacer.reach[0])
	if err != nil {
		return err
	}
	s.toServer, s.toPacer = append(s.toServer, links), append(s.toPacer, link)
	return nil
}

func (s *Site) link(addr string) (*relay.Relay, error) {
	link, err := relay.Listen(addr)
	if err == nil {
		s.relays = append(s.relays, link)
	}
	return link, err
}

// Close ends the relays and the servers, and removes what they kept.
func (s *Site) Close() error {
	err := closeAll(s.relays)
	for _, g := range []*ground{s.store, s.pacer} {
		if g != nil {
			err = errors.Join(err, g.close())
		}
	}
	return err
}

// Kind is what the store is.
func (s *Site) Kind() Kind { return s.kind }

// Store is how server process i reaches the store.
func (s *Site) Store(i int) Store {
	if s.store.pg != nil {
		// A connection that PostgreSQL does not answer is given up; no context ends those that
		// the pool opens for itself.
		url := pgtest.URL(s.toStore[i][s.store.pg.Addr()].Addr()) + "&connect_timeout=2"
		return Store{Kind: s.kind, URL: url}
	}
	st := Store{Kind: s.kind, Addrs: s.store.addrs, Master: s.store.master, Relays: make(map[string]string)}
	for addr, link := range s.toStore[i] {
		st.Relays[addr] = link.Addr()
	}
	return st
}

// Pacer is how client process i reaches the Redis by which clients pace. It is another
// server than the store, and no kind of store.
func (s *Site) Pacer(i int) Store {
	addr := s.pacer.reach[0]
	return Store{Kind: Redis, Addrs: []string{addr}, Relays: map[string]string{addr: s.toPacer[i].Addr()}}
}

// ServerAt tells where server process i listens, the first time or after a restart.
func (s *Site) ServerAt(i int, addr string) error {
	if i < 0 || i >= len(s.toStore) {
		return fmt.Errorf("site: there is no server %d", i)
	}
	for _, links := range s.toServer {
		links[i].To(addr)
	}
	return nil
}

// Servers are the addresses at which a client process finds the server processes. They stay
// the same; a connection is reset until [Site.ServerAt] has told of the server.
func (s *Site) Servers(client int) []string {
	addrs := make([]string, len(s.toServer[client]))
	for i, link := range s.toServer[client] {
		addrs[i] = link.Addr()
	}
	return addrs
}

// DB is the database of the store without relay, nil when the store is Redis.
func (s *Site) DB() *sql.DB { return s.store.db }

// Redis are clients of each of the [Site.Nodes] without relay, none when the store is SQL.
func (s *Site) Redis() []*redis.Client { return slices.Clone(s.store.redis) }

// Nodes are the servers that keep the store's records, not its Sentinels.
func (s *Site) Nodes() []Node { return slices.Clone(s.store.nodes) }

// PacerNode is the Redis by which clients pace.
func (s *Site) PacerNode() Node { return s.pacer.nodes[0] }

// Sentinel is what watches over the store, nil when nothing does.
func (s *Site) Sentinel() *redistest.Sentinel { return s.store.sentinel }

// StoreLinks are the relays from server host i to what it asks of the store.
func (s *Site) StoreLinks(i int) []*relay.Relay {
	links := make([]*relay.Relay, len(s.store.reach))
	for n, addr := range s.store.reach {
		links[n] = s.toStore[i][addr]
	}
	return links
}

// ServerLinks are the relays from client host i to each server host.
func (s *Site) ServerLinks(i int) []*relay.Relay { return slices.Clone(s.toServer[i]) }

// PacerLink is the relay from client host i to the Redis by which clients pace.
func (s *Site) PacerLink(i int) *relay.Relay { return s.toPacer[i] }
