package skewntp

import (
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/beevik/ntp"
)

const (
	// DefaultMinInterval is how long a server is left alone: public servers and pools ask
	// clients that only look at the time not to come more often.
	DefaultMinInterval = 30 * time.Minute
	// DefaultMaxRootDistance is how far from the truth a server may be by its own account;
	// it is that of ntpd.
	DefaultMaxRootDistance = 1500 * time.Millisecond
)

type config struct {
	minInterval     time.Duration
	maxRootDistance time.Duration
	extensions      []ntp.Extension
	resolver        *net.Resolver
}

// Option configures [New] and [Servers].
type Option func(*config)

func newConfig(opts []Option) config {
	c := config{
		minInterval:     DefaultMinInterval,
		maxRootDistance: DefaultMaxRootDistance,
		resolver:        net.DefaultResolver,
	}
	for _, opt := range opts {
		opt(&c)
	}
	return c
}

// WithMinInterval sets how long a server is left alone after it was asked. The default is
// [DefaultMinInterval]; go below it for your own servers only. It panics when d is not
// positive.
func WithMinInterval(d time.Duration) Option {
	positive("WithMinInterval", d)
	return func(c *config) { c.minInterval = d }
}

// WithMaxRootDistance sets how far from the truth a server may be by its own account: half
// the way to it and from it to its reference clock, and what it adds for errors. The
// default is [DefaultMaxRootDistance]. It panics when d is not positive.
func WithMaxRootDistance(d time.Duration) Option {
	positive("WithMaxRootDistance", d)
	return func(c *config) { c.maxRootDistance = d }
}

// WithExtensions passes each query and answer through extensions, such as those of a
// library for Network Time Security. A clock asks a source once at a time, but several
// sources at the same time: extensions that they share must be safe for that. The default
// is none.
func WithExtensions(extensions ...ntp.Extension) Option {
	return func(c *config) { c.extensions = append(c.extensions, slices.Clone(extensions)...) }
}

// WithResolver looks up the addresses of servers. The default, and nil, is
// net.DefaultResolver.
func WithResolver(r *net.Resolver) Option {
	return func(c *config) {
		if r != nil {
			c.resolver = r
		}
	}
}

func positive(name string, d time.Duration) {
	if d <= 0 {
		panic(fmt.Sprintf("skewntp: %s(%v): must be positive", name, d))
	}
}
