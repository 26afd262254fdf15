package otel

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"

	otelapi "go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// scope is the name of what the instruments and spans come from.
const scope = module + "/otel"

const module = "github.com/goaroundhq/goaround"

// version is that of this module, as the program was built with it; "" when that is not known.
var version = sync.OnceValue(func() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, m := range append(info.Deps, &info.Main) {
		if m.Path == module {
			return m.Version
		}
	}
	return ""
})

// DefaultMaxValues is how many targets, and how many operations, are told apart.
const DefaultMaxValues = 64

type config struct {
	meters      metric.MeterProvider
	tracers     trace.TracerProvider // nil: no spans
	propagators propagation.TextMapPropagator
	service     string
	operation   string
	maxValues   int
	noAttempts  bool // spans of attempts are somebody else's
}

// Option configures what this package makes. Options that something has no use for do nothing
// to it.
type Option func(*config)

func newConfig(opts []Option) *config {
	c := &config{maxValues: DefaultMaxValues}
	for _, opt := range opts {
		opt(c)
	}
	if c.meters == nil {
		c.meters = otelapi.GetMeterProvider()
	}
	if c.propagators == nil {
		c.propagators = otelapi.GetTextMapPropagator()
	}
	if c.service == "" {
		c.service = defaultService()
	}
	return c
}

// defaultService is the name that the SDK gives to a service without one.
func defaultService() string {
	if name := os.Getenv("OTEL_SERVICE_NAME"); name != "" {
		return name
	}
	if len(os.Args) == 0 {
		return "unknown_service:go"
	}
	return "unknown_service:" + filepath.Base(os.Args[0])
}

// WithMeterProvider sets where the instruments are made. The default, nil, is the global
// provider: until one is set there, which may be after this, an event costs a few nanoseconds
// and is not counted.
func WithMeterProvider(p metric.MeterProvider) Option { return func(c *config) { c.meters = p } }

// WithTracerProvider makes spans by p; otel.GetTracerProvider() is the global one. The
// default, nil, makes no spans: through a global provider that is not set they would cost
// several hundred nanoseconds each. The span that a server's middleware finds is annotated in
// any case.
func WithTracerProvider(p trace.TracerProvider) Option { return func(c *config) { c.tracers = p } }

// WithPropagators sets how the spans of attempts are told to servers. It does nothing without
// WithTracerProvider. The default, nil, is the global propagator, which sends nothing until
// one is set.
func WithPropagators(p propagation.TextMapPropagator) Option {
	return func(c *config) { c.propagators = p }
}

// WithService sets the attribute service of all instruments. The default, "", is the
// environment variable OTEL_SERVICE_NAME, or unknown_service with the program's name, as in
// the SDK's resource. What else that resource says, and a service.name that the program gives
// it, is not known here: give both the same name.
func WithService(name string) Option { return func(c *config) { c.service = name } }

// WithOperation sets the attribute operation, for [Server] and [Guard]: a word of yours, never
// something of the request. The default, "", is the pattern by which http.ServeMux found the
// handler ("POST /orders"), and _OTHER where there is none.
func WithOperation(name string) Option { return func(c *config) { c.operation = name } }

// WithMaxValues bounds how many targets, and how many operations, are told apart; those that
// come later are counted together as _OTHER. The default is [DefaultMaxValues]. It panics when
// n is not positive. A target may have 17 series of retry.retries, one for each reason, and
// the SDK tells 2000 series of an instrument apart: for n above 110 raise that as well, by its
// WithCardinalityLimit.
func WithMaxValues(n int) Option {
	if n <= 0 {
		panic(fmt.Sprintf("otel: WithMaxValues(%d): must be positive", n))
	}
	return func(c *config) { c.maxValues = n }
}

// WithoutAttemptSpans leaves the spans of attempts, and propagation, to an instrumented
// RoundTripper below, such as that of otelhttp, so that each attempt has one span and not two.
// See [ResendCount] for what that one does not know.
func WithoutAttemptSpans() Option { return func(c *config) { c.noAttempts = true } }

// join makes one option of several. The type parameters let it name what it is applied to.
func join[C any, O ~func(*C)](opts ...O) O {
	return func(c *C) {
		for _, opt := range opts {
			opt(c)
		}
	}
}
