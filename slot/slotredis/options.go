package slotredis

import (
	"fmt"
	"strings"
	"time"
)

const (
	// DefaultPrefix is in front of every key and channel unless WithPrefix says otherwise.
	DefaultPrefix = "slot:"
	// DefaultLife is how long the book of a target is kept after the last question.
	DefaultLife = 15 * time.Minute
)

type config struct {
	prefix string
	life   time.Duration
}

func newConfig(opts []Option) config {
	c := config{prefix: DefaultPrefix, life: DefaultLife}
	for _, opt := range opts {
		opt(&c)
	}
	return c
}

// Option configures a [Store] or a [Counter].
type Option func(*config)

// WithPrefix sets what is in front of every key, to keep them apart from other data in the
// same database. Those who shall take turns need the same one. The default is
// [DefaultPrefix]. It panics when the prefix has a brace in it, because that would decide on
// the slot in a Cluster and put all targets on one server.
func WithPrefix(prefix string) Option {
	if strings.ContainsAny(prefix, "{}") {
		panic(fmt.Sprintf("slotredis: WithPrefix(%q): must not contain braces", prefix))
	}
	return func(c *config) { c.prefix = prefix }
}

// WithLife sets how long the book of a target, and with it what was learned about its rate,
// or a counter is kept after the last question. The default is [DefaultLife]. It panics when
// d is less than a second.
func WithLife(d time.Duration) Option {
	if d < time.Second {
		panic(fmt.Sprintf("slotredis: WithLife(%v): must be at least 1s", d))
	}
	return func(c *config) { c.life = d }
}

// key names what is kept for a name. The braces make the name alone decide on the slot in a
// Cluster. The kind keeps apart what is not for each other.
func (c *config) key(kind, name string) string { return c.prefix + kind + "{" + name + "}" }
