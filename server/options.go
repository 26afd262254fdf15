package server

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/skew"
)

// DefaultMaxBody is the longest response body that is stored, in bytes.
const DefaultMaxBody = 1 << 20

// ScopeFunc says whose key a request carries: a stable identity such as an account
// number, not a session or a token. An error, or an empty scope, refuses the
// request with 403 scope-unknown.
type ScopeFunc func(*http.Request) (idem.Scope, error)

type config struct {
	scope     ScopeFunc
	namespace string
	route     func(*http.Request) string
	methods   []string
	required  bool
	failOpen  bool
	maxBody   int
	nothing   func(status int) bool
	dropped   map[string]bool
	expiring  bool
	clock     *skew.Clock
	claims    []idem.GuardOption
	recover   RecoverFunc
	tx        *txConfig // nil when the route is not transactional
	observer  Observer
}

// Option configures [New].
type Option func(*config)

// WithScope says whose key a request carries. This or [WithSharedScope] is
// required: without it one caller's key would give it another caller's response. Scopes
// keep keys apart, not the room they take: a bound such as that of [idem.Memory] is shared
// by all scopes.
func WithScope(f ScopeFunc) Option { return func(c *config) { c.scope = f } }

// WithSharedScope puts all callers into one key space, [idem.SharedScope]. It is
// right where there is one caller, or where callers trust each other. A handler that
// serves several tenants by host name is not such a place.
func WithSharedScope() Option {
	return WithScope(func(*http.Request) (idem.Scope, error) { return idem.SharedScope, nil })
}

// WithNamespace separates applications that share a store. The default is "".
func WithNamespace(name string) Option { return func(c *config) { c.namespace = name } }

// WithRoute names the operation that a request asks for; the same key on another
// route is another operation. The default is the path that the client asked for, before
// http.StripPrefix and its like. Give it a name when one operation is reached under
// several paths; and put the host in front of it where hosts differ in what they serve,
// because by default they do not, so that a retry through another name of the same
// service is still a retry. With [idem.NewID] of namespace, scope, method, route and key
// an operator finds the record. It panics when f is nil.
func WithRoute(f func(*http.Request) string) Option {
	if f == nil {
		panic("server: WithRoute(nil): must not be nil")
	}
	return func(c *config) { c.route = f }
}

// WithMethods sets the methods that are guarded, as they are written in requests; with none,
// nothing is. The default is POST and PATCH: the others are idempotent by themselves
// (RFC 9110, 9.2.2).
func WithMethods(methods ...string) Option {
	return func(c *config) { c.methods = slices.Clone(methods) }
}

// WithRequired refuses guarded requests that carry no key with 400 key-missing. By
// default they pass unguarded.
func WithRequired() Option { return func(c *config) { c.required = true } }

// WithFailOpen runs the handler without protection when the store cannot be asked
// or is full, marked with "Idempotency-Status: unprotected". By default such a
// request is refused with 503, before anything happens.
func WithFailOpen() Option { return func(c *config) { c.failOpen = true } }

// WithMaxBody sets the longest response body that is stored, in bytes; 0 stores
// none. The default is [DefaultMaxBody]. It panics when n is negative.
func WithMaxBody(n int) Option {
	if n < 0 {
		panic(fmt.Sprintf("server: WithMaxBody(%d): must not be negative", n))
	}
	return func(c *config) { c.maxBody = n }
}

// WithNothingHappened chooses the response statuses that free the key because they
// say that nothing happened. The default is 408, 425, 429 and 503. A handler can
// say it of one request with [NothingHappened]. It panics when f is nil.
func WithNothingHappened(f func(status int) bool) Option {
	if f == nil {
		panic("server: WithNothingHappened(nil): must not be nil")
	}
	return func(c *config) { c.nothing = f }
}

// WithoutHeaders adds response header fields that are never stored, to those that
// belong to one connection or one response: Set-Cookie, Date, the
// hop-by-hop fields and those that Connection names, tracing and rate limit fields and
// their like.
func WithoutHeaders(names ...string) Option {
	return func(c *config) {
		if c.dropped == nil {
			c.dropped = make(map[string]bool)
		}
		for _, name := range names {
			c.dropped[http.CanonicalHeaderKey(name)] = true
		}
	}
}

// WithGuard sets how claims are made: guarantee, lease, lifetime, waiting and
// timeouts. The defaults are those of [idem.NewGuard].
func WithGuard(opts ...idem.GuardOption) Option {
	return func(c *config) { c.claims = append(c.claims, opts...) }
}

// WithObserver reports how requests were answered. Several observers are told in the order in
// which they were given. The default reports nothing.
func WithObserver(o Observer) Option {
	return func(c *config) { c.observer.Answered = both(c.observer.Answered, o.Answered) }
}

func newConfig(opts []Option) config {
	c := config{
		route:   requestedPath,
		methods: []string{http.MethodPost, http.MethodPatch},
		maxBody: DefaultMaxBody,
		nothing: nothingByStatus,
	}
	for _, opt := range opts {
		opt(&c)
	}
	if c.scope == nil {
		panic("server: New needs WithScope, or WithSharedScope to choose one key space for all callers")
	}
	return c
}

// requestedPath is the escaped path as the client sent it.
func requestedPath(r *http.Request) string {
	if path, _, _ := strings.Cut(r.RequestURI, "?"); strings.HasPrefix(path, "/") {
		return path
	}
	return r.URL.EscapedPath() // absolute form, or a request that no server has read
}

func nothingByStatus(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return true
	default:
		return false
	}
}
