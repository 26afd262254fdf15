package sim

import (
	"math/rand/v2"
	"time"
)

// Strategy is what callers do about calls that failed.
type Strategy struct {
	Name string
	Ours bool // is of goaround, in contrast to a rival
	// Seats lets the server book seats for those whom it refuses.
	Seats bool
	// Start begins a run. What it returns makes one process.
	Start func(w *World) func(process int) Client
}

// Client is the strategy in one process. It calls World.Send for every attempt, when its
// time has come, or World.GiveUp.
type Client interface {
	// First is a caller who wants to make its first attempt.
	First(c *Call)
	// Ended is an attempt that ended.
	Ended(c *Call, r Reply)
	// Left is a caller who gives up because its deadline has come.
	Left(c *Call)
}

// Call is a caller with its one call.
type Call struct {
	ID      int
	Process int
	Born    time.Duration
	Attempt int // attempts sent
	Seat    uint64

	InFlight bool // an attempt is under way

	Sent    time.Duration // when the last attempt was sent
	Latency time.Duration // from that to its end
	gone    bool          // served, or given up
}

// World is one run.
type World struct {
	Loop
	Case Case
	// Rng is for strategies.
	Rng *rand.Rand

	server  *Server
	arrival *rand.Rand
	network *rand.Rand
	storage *rand.Rand
	clients []Client
	dead    []bool
	calls   []*Call // all, where processes die
	open    int     // callers of the cohort that have not been served and have not given up
	pushes  int     // that were lost
	tally   *Tally
}

// Run runs a case under a strategy. The same seed gives the same outcome.
func Run(c Case, s Strategy, seed uint64) Outcome {
	c = c.Defaults()
	stream := func(n uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, n)) }
	w := &World{
		Case: c, Rng: stream(1), arrival: stream(2), network: stream(3), storage: stream(4),
		dead: make([]bool, c.Processes), tally: NewTally(c),
	}
	w.server = NewServer(&w.Loop, c, stream(5))
	if s.Seats {
		w.server.seats = newSeats(c.Back())
	}
	start := s.Start(w)
	for p := range c.Processes {
		w.clients = append(w.clients, start(p))
	}
	w.born()
	w.crash()
	w.watch()
	w.Run(c.Horizon)
	return w.tally.Outcome(s.Name)
}

// born brings the callers into the world.
func (w *World) born() {
	if w.Case.Poisson > 0 {
		w.poisson(0)
		return
	}
	w.open = w.Case.Callers
	for i := range w.Case.Callers {
		w.birth(i, time.Duration(w.arrival.Float64()*float64(arrive)))
	}
}

// poisson is a caller now and then, until nobody waits any longer.
func (w *World) poisson(i int) {
	gap := w.arrival.ExpFloat64() / (w.Case.Poisson * w.Case.Capacity)
	at := w.Now() + time.Duration(gap*float64(time.Second))
	if at > w.Case.Horizon {
		return
	}
	if w.Case.Cohort(at) {
		w.open++
	}
	w.birth(i, at)
	w.At(at, func() { w.poisson(i + 1) })
}

func (w *World) birth(i int, at time.Duration) {
	c := &Call{ID: i, Process: i % w.Case.Processes, Born: at}
	if w.Case.Crash > 0 {
		w.calls = append(w.calls, c)
	}
	w.At(at, func() {
		w.tally.Born(c.Born)
		if w.dead[c.Process] {
			w.bury(c)
			return
		}
		if w.Case.Deadline > 0 {
			w.After(w.Case.Deadline, func() { w.expire(c) })
		}
		w.clients[c.Process].First(c)
	})
}

func (w *World) expire(c *Call) {
	if c.gone || w.dead[c.Process] {
		return
	}
	w.lose(c)
	w.clients[c.Process].Left(c)
}

// crash is the end of some processes while their callers wait. Nobody is told. Those who
// died do not count as callers.
func (w *World) crash() {
	n := int(w.Case.Crash * float64(w.Case.Processes))
	for _, p := range w.arrival.Perm(w.Case.Processes)[:n] {
		at := w.Case.Outage + time.Duration(w.arrival.Float64()*float64(w.Case.Ideal(w.Case.Callers)))
		w.At(at, func() {
			w.dead[p] = true
			for _, c := range w.calls {
				if c.Process == p {
					w.bury(c)
				}
			}
		})
	}
}

func (w *World) bury(c *Call) {
	if !c.gone && w.Case.Cohort(c.Born) {
		w.tally.o.Callers--
	}
	w.lose(c)
}

// watch ends a run that has come to nothing.
func (w *World) watch() {
	const interval = 10 * time.Second
	w.After(interval, func() {
		if w.Now()-max(w.tally.last, w.Case.Outage) >= w.Case.Patience {
			w.Stop()
			return
		}
		w.watch()
	})
}

// Storeless is whether the process cannot reach the store.
func (w *World) Storeless(process int) bool {
	return float64(process) < w.Case.Storeless*float64(w.Case.Processes)
}

// Send sends an attempt now. A caller who has gone sends nothing.
func (w *World) Send(c *Call) {
	if c.gone || w.dead[c.Process] {
		return
	}
	c.Attempt++
	c.Sent, c.InFlight = w.Now(), true
	free := c.Attempt == 1 && c.Sent == c.Born // nobody decided when
	w.tally.Sent(free)
	w.After(w.oneWay(), func() {
		w.tally.Arrived(w.Now(), free)
		seat := c.Seat
		w.server.Take(seat, func(r Reply) {
			w.After(w.oneWay(), func() { w.ended(c, r) })
		})
	})
}

func (w *World) oneWay() time.Duration {
	d := netLeast + time.Duration(w.network.Float64()*float64(netMost-netLeast))
	return time.Duration(float64(d) * w.Case.NetDelay)
}

func (w *World) ended(c *Call, r Reply) {
	if w.dead[c.Process] {
		return
	}
	c.Latency, c.Seat = w.Now()-c.Sent, r.Seat
	if c.gone {
		return
	}
	c.InFlight = false
	if r.OK {
		w.served(c)
	}
	w.clients[c.Process].Ended(c, r)
}

func (w *World) served(c *Call) {
	c.gone = true
	w.tally.Served(w.Now(), c.Born)
	w.close(c)
}

// GiveUp ends a call that makes no further attempt.
func (w *World) GiveUp(c *Call) { w.lose(c) }

// Gone is whether the caller has been served or has given up.
func (c *Call) Gone() bool { return c.gone }

func (w *World) lose(c *Call) {
	if !c.gone {
		c.gone = true
		w.close(c)
	}
}

// close ends the run with the last caller of the cohort.
func (w *World) close(c *Call) {
	if w.Case.Cohort(c.Born) {
		w.open--
	}
	if w.open == 0 && w.Case.Poisson == 0 {
		w.Stop()
	}
}
