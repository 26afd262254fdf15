package real

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"time"

	"github.com/goaroundhq/goaround/benchmarks/child"
	"github.com/goaroundhq/goaround/benchmarks/herd/sim"
)

// Child is whether the program is a child of a run. If so it has done its work.
func Child() bool { return child.Main(map[string]child.Role{"server": serve, "client": call}) }

// ahead is the time for all processes to start.
const ahead = 2 * time.Second

// Run lets the callers of a case use a strategy, one after the other.
func Run(ctx context.Context, c sim.Case, names []string, seed uint64, ran func(sim.Outcome)) error {
	folder, err := os.MkdirTemp("", "herd")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }() // a folder of temporary files
	s, err := startStore(ctx, folder)
	if err != nil {
		return err
	}
	defer s.stop()
	for _, name := range names {
		if err := s.empty(ctx); err != nil {
			return err
		}
		o, err := run(ctx, c, name, seed, s)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		ran(o)
	}
	return nil
}

// run is one strategy.
func run(ctx context.Context, c sim.Case, name string, seed uint64, s *store) (sim.Outcome, error) {
	strategy, err := find(name)
	if err != nil {
		return sim.Outcome{}, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	start := time.Now().Add(ahead)
	server, err := child.Start("server", serverTask{Case: c, Start: start, Admission: strategy.admission})
	if err != nil {
		return sim.Outcome{}, err
	}
	defer server.Kill()
	stopServer := context.AfterFunc(ctx, server.Kill)
	defer stopServer()
	var url string
	if err := server.Out.Decode(&url); err != nil {
		return sim.Outcome{}, fmt.Errorf("server: %w", err)
	}
	task := clientTask{Strategy: name, Capacity: c.Capacity, URL: url, Redis: s.socket, Start: start, Horizon: c.Horizon}
	endings, err := herd(ctx, c, task, seed)
	if err != nil {
		return sim.Outcome{}, err
	}
	stores, err := s.calls(ctx)
	if err != nil {
		return sim.Outcome{}, err
	}
	var arrivals []arrival
	if err := server.Say.Encode(true); err != nil {
		return sim.Outcome{}, err
	}
	if err := server.Out.Decode(&arrivals); err != nil {
		return sim.Outcome{}, fmt.Errorf("server: %w", err)
	}
	return outcome(c, name, arrivals, endings, stores), nil
}

// herd starts the processes of callers, and waits until the last of them is done.
func herd(ctx context.Context, c sim.Case, task clientTask, seed uint64) ([]ending, error) {
	births := make([][]time.Duration, c.Processes)
	rng := rand.New(rand.NewPCG(seed, 1))
	for i := range c.Callers {
		p := i % c.Processes
		births[p] = append(births[p], time.Duration(rng.Int64N(int64(time.Second))))
	}
	var processes []*child.Process
	for _, b := range births {
		task.Births = b
		p, err := child.Start("client", task)
		if err != nil {
			return nil, err
		}
		defer p.Kill()
		stop := context.AfterFunc(ctx, p.Kill)
		defer stop()
		processes = append(processes, p)
	}
	var endings []ending
	for _, p := range processes {
		var e []ending
		if err := p.Out.Decode(&e); err != nil {
			return nil, fmt.Errorf("callers: %w", cmp.Or(context.Cause(ctx), err))
		}
		endings = append(endings, e...)
	}
	return endings, nil
}

// outcome counts as the simulation does.
func outcome(c sim.Case, name string, arrivals []arrival, endings []ending, stores int) sim.Outcome {
	t := sim.NewTally(c)
	slices.SortFunc(endings, func(a, b ending) int { return cmp.Compare(a.At, b.At) })
	slices.SortFunc(arrivals, func(a, b arrival) int { return cmp.Compare(a.At, b.At) })
	for _, e := range endings {
		t.Born(e.Born)
		for i := range e.Calls {
			t.Sent(i < e.Free)
		}
		if e.Served {
			t.Served(e.At, e.Born)
		}
	}
	for _, a := range arrivals {
		t.Arrived(a.At, a.Free)
	}
	t.Stored(stores)
	return t.Outcome(name)
}
