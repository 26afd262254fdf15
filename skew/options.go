package skew

import (
	"fmt"
	"log/slog"
	"time"
)

// Defaults of [New].
const (
	// DefaultInterval is the time between two rounds of Clock.Run.
	DefaultInterval = 30 * time.Minute
	// DefaultTimeout is how long a source may take to answer.
	DefaultTimeout = 5 * time.Second
	// DefaultMaxOffset is how wrong the operating system's clock is believed to be at once.
	DefaultMaxOffset = 24 * time.Hour
	// DefaultMaxDrift is how fast a machine's clock drifts at most, in parts per million:
	// AWS ClockBound recommends 50 for quartz that nobody disciplines.
	DefaultMaxDrift = 50
)

type config struct {
	offset      time.Duration
	uncertainty time.Duration
	status      Status

	sources     []Source
	minAgreeing int
	interval    time.Duration
	timeout     time.Duration
	maxOffset   time.Duration
	drift       drift
	system      System
	logger      *slog.Logger
	observer    Observer
}

// Option configures a [Clock].
type Option func(*config)

func newConfig(opts []Option) config {
	c := config{
		interval:  DefaultInterval,
		timeout:   DefaultTimeout,
		maxOffset: DefaultMaxOffset,
		drift:     perMillion(DefaultMaxDrift),
		logger:    slog.New(slog.DiscardHandler),
	}
	for _, opt := range opts {
		opt(&c)
	}
	if c.minAgreeing > len(c.sources) {
		panic(fmt.Sprintf("skew: New: WithMinAgreeing(%d) of %d sources", c.minAgreeing, len(c.sources)))
	}
	return c
}

// WithOffset corrects the operating system's clock by d, as long as no source was heard:
// true time = local time + d. The default is 0.
func WithOffset(d time.Duration) Option { return func(c *config) { c.offset = d } }

// WithUncertainty states that the corrected clock is off by at most d, which makes its
// readings [Bounded] as long as no source was heard. It panics when d is negative. Without
// it such readings are [Unknown].
func WithUncertainty(d time.Duration) Option {
	if d < 0 {
		panic(fmt.Sprintf("skew: WithUncertainty(%v): must not be negative", d))
	}
	return func(c *config) { c.uncertainty, c.status = d, Bounded }
}

// WithSources adds sources of time, which [Clock.Sync] and [Clock.Run] ask. To tolerate m
// that lie it takes 2m+1. It panics when one is nil or two have one name.
func WithSources(sources ...Source) Option {
	for _, s := range sources {
		if s == nil {
			panic("skew: WithSources(nil)")
		}
	}
	return func(c *config) {
		for _, s := range sources {
			for _, other := range c.sources {
				if s.Name() == other.Name() {
					panic(fmt.Sprintf("skew: WithSources: two sources are named %q", s.Name()))
				}
			}
			c.sources = append(c.sources, s)
		}
	}
}

// WithMinAgreeing sets how many sources must agree at least. The default, and the minimum,
// is more than half of those that answered; more makes rounds fail, not readings narrower.
// It panics when n is not positive, and New does
// when there are fewer sources.
func WithMinAgreeing(n int) Option {
	positive("WithMinAgreeing", n)
	return func(c *config) { c.minAgreeing = n }
}

// WithInterval sets the time between two rounds of [Clock.Run]; a source that wants to be
// left alone for longer is. The default is [DefaultInterval], which lets the uncertainty
// grow by 90 ms in between. It panics when d is not positive.
func WithInterval(d time.Duration) Option {
	positive("WithInterval", d)
	return func(c *config) { c.interval = min(d, longestInterval) }
}

// WithTimeout sets how long a source may take to answer. The default is [DefaultTimeout].
// It panics when d is not positive.
func WithTimeout(d time.Duration) Option {
	positive("WithTimeout", d)
	return func(c *config) { c.timeout = d }
}

// WithMaxOffset sets how wrong the operating system's clock is believed to be at once:
// beyond, it takes a second round that says the same. The default is [DefaultMaxOffset].
// It panics when d is not positive.
func WithMaxOffset(d time.Duration) Option {
	positive("WithMaxOffset", d)
	return func(c *config) { c.maxOffset = min(d, farthest) }
}

// WithMaxDrift sets by how many parts per million the monotonic clock may be too fast or
// too slow: readings widen at this rate. The default is [DefaultMaxDrift]. A daemon that
// slews the operating system's clock slews the monotonic clock with it, by up to 500 ppm
// (ntpd) or 83333 ppm (chronyd, which can be told less); where that is common, say so here.
// It panics when ppm is not positive, or more than 100000.
func WithMaxDrift(ppm int) Option {
	positive("WithMaxDrift", ppm)
	if ppm > 100_000 {
		panic(fmt.Sprintf("skew: WithMaxDrift(%d): must be at most 100000", ppm))
	}
	return func(c *config) { c.drift = perMillion(ppm) }
}

// WithSystem reads the machine's clocks through s. The default, nil, reads the real ones.
func WithSystem(s System) Option { return func(c *config) { c.system = s } }

// WithLogger warns of rounds that failed and of sources that were outvoted. The default
// logs nothing; so does nil.
func WithLogger(l *slog.Logger) Option {
	return func(c *config) {
		if l != nil {
			c.logger = l
		}
	}
}

// WithObserver reports rounds. Several observers are told in the order in which they were
// given. The default reports nothing.
func WithObserver(o Observer) Option { return func(c *config) { c.observer = c.observer.and(o) } }

func positive[T int | time.Duration](name string, v T) {
	if v <= 0 {
		panic(fmt.Sprintf("skew: %s(%v): must be positive", name, v))
	}
}
