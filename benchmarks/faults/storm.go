package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/goaroundhq/goaround/benchmarks/faults/nemesis"
)

// A pause between two strikes is between these.
const (
	shortPause = 200 * time.Millisecond
	longPause  = 1200 * time.Millisecond
)

// storm lets nemeses strike, one after the other.
type storm struct {
	world    *nemesis.World
	nemeses  []nemesis.Nemesis
	progress progress
	events   map[string]int // by name
}

func newStorm(c config, f *fleet, p progress) *storm {
	say := p.say
	if !c.tell {
		say = func(string, ...any) {}
	}
	w := &nemesis.World{
		Site: f.site, Lease: lease, Outage: c.outage, Rand: rand.New(rand.NewPCG(c.seed, 1)),
		Log: say,
	}
	for _, keeper := range f.servers {
		w.Servers = append(w.Servers, keeper)
	}
	for _, keeper := range f.clients {
		w.Clients = append(w.Clients, keeper)
	}
	return &storm{world: w, nemeses: c.nemeses, progress: p, events: map[string]int{}}
}

// rage strikes until it is over. Each nemesis has its turn before one has another.
func (s *storm) rage(ctx context.Context, over <-chan struct{}) error {
	var turns []int
	for len(s.nemeses) > 0 {
		s.progress.phase("calm")
		select {
		case <-time.After(shortPause + time.Duration(s.world.Rand.Int64N(int64(longPause-shortPause)))):
		case <-over:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if len(turns) == 0 {
			turns = s.world.Rand.Perm(len(s.nemeses))
		}
		n := s.nemeses[turns[0]]
		turns = turns[1:]
		s.progress.phase(n.Name)
		hit, err := n.Strike(ctx, s.world)
		if err != nil {
			return fmt.Errorf("%s: %w", n.Name, err)
		}
		if hit {
			s.events[n.Name]++
		}
	}
	return nil
}
