package call

import (
	"cmp"
	"context"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/slot/slotredis"
	"github.com/goaroundhq/goaround/transport"
)

// target is what the servers are called together: which of them an attempt goes to is
// decided for each one.
const target = "orders.test"

// client is what the callers of a process share.
type client struct {
	task     Task
	timeout  time.Duration // the longest deadline
	http     *http.Client
	canary   *canary
	attempts atomic.Int64

	wire  *http.Transport
	queue *slot.Queue
	pacer redis.UniversalClient
}

func newClient(task Task) (*client, error) {
	pacer, err := task.Pacer.OpenRedis()
	if err != nil {
		return nil, err
	}
	c := &client{task: task, pacer: pacer, canary: newCanary()}
	c.timeout = cmp.Or(task.Deadline, slices.Max(deadlines))
	c.queue = slot.NewQueue(slot.WithStore(slotredis.New(pacer)))
	c.wire = http.DefaultTransport.(*http.Transport).Clone()
	c.wire.MaxIdleConnsPerHost = task.Callers
	c.http = &http.Client{Transport: transport.New(c.wire,
		transport.WithTimeout(c.timeout),
		transport.WithAttemptTimeout(task.Attempt),
		transport.WithMaxAttempts(0), // as many as fit
		transport.WithSlots(c.queue),
		transport.WithGatedFirst(),
		transport.WithAttemptSteps(balance(task.Servers)),
		transport.WithObserver(transport.Observer{Attempt: c.attempt}),
	)}
	return c, nil
}

// attemptsOf is the context's key for the attempts of a call.
type attemptsOf struct{}

func (c *client) attempt(ctx context.Context, _ transport.Attempt) {
	c.attempts.Add(1)
	if n, ok := ctx.Value(attemptsOf{}).(*atomic.Int64); ok {
		n.Add(1)
	}
}

func (c *client) close() {
	c.wire.CloseIdleConnections()
	_ = c.queue.Close() // the process ends
	_ = c.pacer.Close()
}

// balance sends each attempt to the next server.
func balance(servers []string) transport.Step {
	var n atomic.Uint64
	n.Store(rand.Uint64())
	return func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			to := *r.URL
			to.Host = servers[n.Add(1)%uint64(len(servers))]
			r = r.WithContext(r.Context())
			r.URL = &to
			return next.RoundTrip(r)
		})
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
