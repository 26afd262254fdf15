package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"github.com/goaroundhq/goaround/benchmarks/machine"
)

// results are those of one run.
type results struct {
	Date     string            `json:"date"`
	Go       string            `json:"go"`
	Machine  string            `json:"machine"`
	Versions map[string]string `json:"versions"` // of the peers, by their names
	Costs    []cost            `json:"costs"`
	Crowds   []crowd           `json:"crowds"`
	Outages  []outage          `json:"outages"`
	Rules    []verdict         `json:"rules"`
	says     []ruleText        // in the order of the suite
	Bars     []bar             `json:"bars"`
}

// size says how much is measured.
type size struct {
	rounds    int           // in which all peers take turns
	roundTime time.Duration // of one peer, about
	upload    int64         // bytes of a large one
	callers   int           // of a crowd
	calls     int           // of an outage
	outages   int           // that are measured, of which the one with the fewest connections counts
}

// outageCallers are few, as those of a service are.
const outageCallers = 20

// measure measures everything, and tells progress what it does.
func measure(ctx context.Context, s size, progress io.Writer) (*results, error) {
	r := &results{
		Date: time.Now().UTC().Format(time.DateOnly), Go: runtime.Version(), Versions: versions(),
		Machine: fmt.Sprintf("%s/%s, %d processors, %s", runtime.GOOS, runtime.GOARCH, runtime.GOMAXPROCS(0), cmp.Or(machine.Processor(), runtime.GOARCH)),
	}
	for _, step := range []func() error{
		func() error { return r.measureCosts(ctx, s, progress) },
		func() (err error) {
			fmt.Fprintf(progress, "%d callers at once\n", s.callers)
			r.Crowds, err = measureCrowds(ctx, s)
			return err
		},
		func() error { return r.measureOutages(ctx, s, progress) },
		func() error { return r.judgePeers(ctx, progress) },
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	r.Bars = r.hold()
	return r, nil
}

func (r *results) measureCosts(ctx context.Context, s size, progress io.Writer) error {
	server := newLoopback(answer(http.StatusOK))
	defer server.Close()
	for _, c := range slices.Concat(costCases, []costCase{uploadCase(s.upload)}, loopbackCases(server, s.upload)) {
		fmt.Fprintln(progress, c.name)
		costs, err := measureCost(ctx, c, s)
		if err != nil {
			return err
		}
		r.Costs = append(r.Costs, costs...)
	}
	return nil
}

func (r *results) measureOutages(ctx context.Context, s size, progress io.Writer) error {
	for _, p := range slices.Concat(peers, []peer{{name: ours + ", with its budget", wrap: newDefault}}) {
		fmt.Fprintf(progress, "outage: %s\n", p.name)
		best := outage{Connections: math.MaxInt64}
		for range s.outages {
			o, err := measureOutage(ctx, p, outageCallers, s.calls)
			if err != nil {
				return fmt.Errorf("outage, %s: %w", p.name, err)
			}
			if o.Connections < best.Connections {
				best = o // net/http opens one more now and then on a busy machine
			}
		}
		r.Outages = append(r.Outages, best)
	}
	return nil
}

func (r *results) judgePeers(ctx context.Context, progress io.Writer) error {
	for _, p := range judged() {
		fmt.Fprintf(progress, "rules: %s\n", p.name)
		v, findings := judge(ctx, p)
		r.Rules, r.says = append(r.Rules, v), texts(findings)
	}
	return ctx.Err()
}

// versions are those that are compiled in.
func versions() map[string]string {
	found := map[string]string{}
	info, _ := debug.ReadBuildInfo()
	for _, p := range peers {
		for _, m := range info.Deps {
			if m.Path == p.module {
				found[p.name] = m.Version
			}
		}
	}
	return found
}
