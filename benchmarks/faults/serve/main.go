package serve

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/goaroundhq/goaround/benchmarks/faults/ledger"
)

const (
	// often is how often a server tells its counts. A kill loses what it has not told.
	often = 100 * time.Millisecond
	// farewell is how long requests have that still run in the end.
	farewell = 10 * time.Second
)

// Main is a server process.
func Main(in *json.Decoder, out *json.Encoder) error {
	var task Task
	if err := in.Decode(&task); err != nil {
		return err
	}
	store, end, err := open(task)
	if err != nil {
		return err
	}
	defer end.Close()
	effects, err := ledger.Dial(task.Ledger)
	if err != nil {
		return err
	}
	defer func() { _ = effects.Close() }() // nothing is entered any more
	s := &service{task: task, ledger: effects, counts: &counter{counts: Counts{}}}
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	web := &http.Server{Handler: s.handler(store), ReadHeaderTimeout: time.Minute}
	go func() { _ = web.Serve(listener) }() // until it is shut down
	if err := out.Encode(Report{Address: listener.Addr().String()}); err != nil {
		return err
	}
	telling := make(chan error, 1)
	told := make(chan struct{})
	go func() { telling <- s.counts.tell(out, told) }()
	_ = in.Decode(new(bool)) // the end of the input
	ctx, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	err = web.Shutdown(ctx)
	close(told)
	return errors.Join(err, <-telling)
}

// counter counts what it has not told yet.
type counter struct {
	mu     sync.Mutex
	counts Counts
}

func (c *counter) add(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts[what]++
}

func (c *counter) take() Counts {
	c.mu.Lock()
	defer c.mu.Unlock()
	taken := c.counts
	c.counts = Counts{}
	return taken
}

// tell reports often, and for the last time when it is over.
func (c *counter) tell(out *json.Encoder, over <-chan struct{}) error {
	ticks := time.NewTicker(often)
	defer ticks.Stop()
	for last := false; !last; {
		select {
		case <-ticks.C:
		case <-over:
			last = true
		}
		if taken := c.take(); len(taken) > 0 {
			if err := out.Encode(Report{Counts: taken}); err != nil {
				return err
			}
		}
	}
	return nil
}
