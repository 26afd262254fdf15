package skewntp

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/beevik/ntp"

	"github.com/goaroundhq/goaround/skew"
)

// Source asks one NTP server. Make it with [New]; it is safe for concurrent use if its
// extensions are.
type Source struct {
	config
	server string
	host   string
	port   string

	mu   sync.Mutex
	addr string // that answered last
}

var _ skew.Source = (*Source)(nil)

// New makes a source of a server, "host" or "host:port"; the default port is 123. A name
// with several addresses means one of them, chosen at random and kept while it answers. It
// panics when the server is not of that form.
func New(server string, opts ...Option) *Source {
	host, port, err := split(server)
	if err != nil {
		panic(fmt.Sprintf("skewntp: New(%q): %v", server, err))
	}
	return &Source{config: newConfig(opts), server: server, host: host, port: port}
}

// Servers makes a source of each server.
func Servers(servers []string, opts ...Option) []skew.Source {
	sources := make([]skew.Source, len(servers))
	for i, server := range servers {
		sources[i] = New(server, opts...)
	}
	return sources
}

func split(server string) (host, port string, err error) {
	switch {
	case strings.HasPrefix(server, "[") && strings.HasSuffix(server, "]"):
		server += ":123"
	case strings.HasPrefix(server, "["):
	case strings.Count(server, ":") != 1: // a name or a bare IPv6 address
		server = net.JoinHostPort(server, "123")
	}
	host, port, err = net.SplitHostPort(server)
	if err == nil && (host == "" || port == "") {
		err = fmt.Errorf("no host and port")
	}
	return host, port, err
}

// Name is the server as it was given to New.
func (s *Source) Name() string { return s.server }

// MinInterval is what [WithMinInterval] says.
func (s *Source) MinInterval() time.Duration { return s.minInterval }

// Measure asks the server once.
func (s *Source) Measure(ctx context.Context, local *skew.Local) (skew.Sample, error) {
	addr, err := s.resolve(ctx)
	if err != nil {
		return skew.Sample{}, err
	}
	sample, err := s.query(ctx, addr, local)
	if err != nil {
		addr = "" // perhaps another one of the name's addresses is better
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.addr = addr
	return sample, err
}

// resolve returns an address of the server.
func (s *Source) resolve(ctx context.Context) (string, error) {
	s.mu.Lock()
	known := s.addr
	s.mu.Unlock()
	if known != "" {
		return known, nil
	}
	ips, err := s.resolver.LookupNetIP(ctx, "ip", s.host)
	if err != nil {
		return "", err
	}
	ip := ips[rand.IntN(len(ips))].Unmap()
	return net.JoinHostPort(ip.String(), s.port), nil
}

// query asks the server at an address.
func (s *Source) query(ctx context.Context, addr string, local *skew.Local) (skew.Sample, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "udp", addr)
	if err != nil {
		return skew.Sample{}, err
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	watch := newStopwatch(local)
	resp, err := ntp.QueryWithOptions(addr, ntp.QueryOptions{
		Timeout:       timeLeft(ctx),
		Extensions:    s.extensions,
		GetSystemTime: watch.now,
		Dialer:        func(string, string) (net.Conn, error) { return &patientConn{Conn: conn}, nil },
	})
	if ctx.Err() != nil { // which closed the connection
		return skew.Sample{}, ctx.Err()
	}
	if err != nil {
		return skew.Sample{}, err
	}
	if err := judge(resp, watch, s.maxRootDistance); err != nil {
		return skew.Sample{}, err
	}
	offset, radius := resp.ClockOffset+watch.shift, radius(resp, watch)
	return skew.Sample{Low: offset - radius, High: offset + radius, Identity: addr}, nil
}

// noDeadline is how long an answer is waited for when the context does not say.
const noDeadline = 5 * time.Second

func timeLeft(ctx context.Context) time.Duration {
	deadline, ok := ctx.Deadline()
	if !ok {
		return noDeadline
	}
	return max(time.Until(deadline), 1) // 0 would mean the library's default
}
