package real

import (
	"fmt"
	"math"
	"net/http"
	"strings"

	"github.com/hashicorp/go-retryablehttp"
	"github.com/redis/go-redis/v9"

	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/slot/slotredis"
	"github.com/goaroundhq/goaround/transport"
)

// strategy is what the callers of a process use. The names are those of package rivals
// where the same is simulated.
type strategy struct {
	name      string
	ours      bool
	admission bool // the server books slots
	// client makes the client of a process, and what ends it.
	client func(task clientTask, wire http.RoundTripper) (*http.Client, func())
}

var strategies = []strategy{
	{name: "full jitter 0.1..10 s", client: chain()},
	{name: "go-retryablehttp, no bound", client: retryable},
	{name: "ours, fleet, cold", ours: true, client: fleet(cold)},
	{name: "ours, fleet, prior C", ours: true, client: fleet(right)},
	{name: "ours, fleet, gated, cold", ours: true, client: fleet(cold, transport.WithGatedFirst())},
	{name: "ours, fleet, gated, prior C", ours: true, client: fleet(right, transport.WithGatedFirst())},
	{name: "ours, local", ours: true, client: local},
	{name: "ours, server-assigned", ours: true, admission: true, client: chain()},
}

// Names are of the strategies that have the text in them.
func Names(text string) []string {
	var names []string
	for _, s := range strategies {
		if strings.Contains(s.name, text) {
			names = append(names, s.name)
		}
	}
	return names
}

// Ours is whether the strategy is of goaround.
func Ours(name string) bool {
	s, err := find(name)
	return err == nil && s.ours
}

func find(name string) (strategy, error) {
	for _, s := range strategies {
		if s.name == name {
			return s, nil
		}
	}
	return strategy{}, fmt.Errorf("no strategy %q", name)
}

// chain is goaround's transport without a bound: callers wait until they are served.
func chain(opts ...transport.Option) func(clientTask, http.RoundTripper) (*http.Client, func()) {
	return func(_ clientTask, wire http.RoundTripper) (*http.Client, func()) {
		opts := append([]transport.Option{transport.WithMaxAttempts(0), transport.WithBudget(nil)}, opts...)
		return &http.Client{Transport: transport.New(wire, opts...)}, func() {}
	}
}

// cold and right are what the callers believe of the capacity: nothing, and the truth.
func cold(clientTask) []slot.QueueOption { return nil }

func right(t clientTask) []slot.QueueOption {
	return []slot.QueueOption{slot.WithInitialRate(t.Capacity)}
}

// fleet takes turns with all processes, by Redis.
func fleet(know func(clientTask) []slot.QueueOption, opts ...transport.Option) func(clientTask, http.RoundTripper) (*http.Client, func()) {
	return func(t clientTask, wire http.RoundTripper) (*http.Client, func()) {
		client := redis.NewClient(&redis.Options{Network: "unix", Addr: t.Redis, ContextTimeoutEnabled: true})
		queue := slot.NewQueue(append(know(t), slot.WithStore(slotredis.New(client)))...)
		web, _ := chain(append(opts, transport.WithSlots(queue))...)(t, wire)
		return web, func() {
			_ = queue.Close()
			_ = client.Close()
		}
	}
}

// local takes turns within the process.
func local(t clientTask, wire http.RoundTripper) (*http.Client, func()) {
	queue := slot.NewQueue()
	web, _ := chain(transport.WithSlots(queue))(t, wire)
	return web, func() { _ = queue.Close() }
}

// retryable is the client of hashicorp/go-retryablehttp, with its own waits.
func retryable(_ clientTask, wire http.RoundTripper) (*http.Client, func()) {
	client := retryablehttp.NewClient()
	client.HTTPClient.Transport = wire
	client.RetryMax = math.MaxInt32
	client.Logger = nil
	return client.StandardClient(), func() {}
}
