package main

import "slices"

// bar is something that must not be more than a bound.
type bar struct {
	Name     string  `json:"name"`
	Unit     string  `json:"unit"`
	Measured float64 `json:"measured"`
	Most     float64 `json:"most"`
	Kept     bool    `json:"kept"`
}

func newBar(name, unit string, measured, most float64) bar {
	return bar{name, unit, measured, most, measured <= most}
}

// hold compares what was measured with what the project promises. Times are the least of
// all rounds: what else the machine does only adds to them.
func (r *results) hold() []bar {
	get, post := r.over(caseGET, ours), r.over(casePOST, ours)
	down := r.Outages[slices.IndexFunc(r.Outages, func(o outage) bool { return o.Peer == ours })]
	rules := r.Rules[slices.IndexFunc(r.Rules, func(v verdict) bool { return v.Peer == ours })]
	return []bar{
		newBar("GET, over the bare stub", "ns", get.LeastNs, 150),
		newBar("GET, over the bare stub", "allocations", get.Allocs, 2),
		newBar("GET, over the bare stub, of what failsafe-go adds", "share", get.LeastNs/r.over(caseGET, failsafe).LeastNs, 1.0/3),
		newBar("POST with a key, over the bare stub", "ns", post.LeastNs, 900),
		newBar("POST with a key, over the bare stub", "allocations", post.Allocs, 9),
		newBar("GET, one retry, of what heimdall takes", "share", r.cost(caseRetry, ours).LeastNs/r.cost(caseRetry, heimdall).LeastNs, 1),
		newBar("PUT 64 MiB", "KiB", r.cost(caseUpload, ours).Bytes/(1<<10), 64),
		newBar("connections opened for calls that fail", "of the callers", float64(down.Connections)/float64(down.Callers), 1),
		newBar("goroutines left after calls that fail", "", float64(down.Goroutines), 0),
		newBar("rules for a RoundTripper that are broken", "", float64(len(rules.Broken)), 0),
	}
}

// cost is that of a peer; all zero when the case was not measured for it.
func (r *results) cost(name, peer string) cost {
	i := slices.IndexFunc(r.Costs, func(c cost) bool { return c.Case == name && c.Peer == peer })
	if i < 0 {
		return cost{}
	}
	return r.Costs[i]
}

// over is what a peer adds to the bare stub.
func (r *results) over(name, peer string) cost {
	c, stub := r.cost(name, peer), r.cost(name, bare)
	return cost{Case: name, Peer: peer, LeastNs: c.LeastNs - stub.LeastNs, MedianNs: c.MedianNs - stub.MedianNs,
		Allocs: c.Allocs - stub.Allocs, Bytes: c.Bytes - stub.Bytes}
}
