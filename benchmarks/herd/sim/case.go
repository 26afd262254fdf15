package sim

import (
	"math"
	"time"
)

// The model's constants.
const (
	service       = 100 * time.Millisecond // mean time a worker needs for a call
	serviceSpread = 0.2                    // it varies by as much
	netLeast      = 10 * time.Millisecond  // one way between process and server
	netMost       = 30 * time.Millisecond
	storeLeast    = 500 * time.Microsecond // one way between process and store
	storeMost     = 2500 * time.Microsecond
	maxOwed       = time.Second // a server never owes more than it can work in that time
	arrive        = time.Second // first attempts of a herd are spread over it
)

// Case is the circumstances. Zero fields of [Case.Defaults] have their defaults.
type Case struct {
	Name       string
	Callers    int           // 1000
	Processes  int           // 100
	Capacity   float64       // calls per second that the server completes; 100
	Outage     time.Duration // from the start; 10 s
	RejectCost float64       // share of a call's work that a refusal costs; use None for 0
	Horizon    time.Duration // after which nobody waits any longer; 600 s
	Patience   time.Duration // nor when nobody was served for so long after the outage; 120 s

	ReturnAt   float64       // share of Capacity with which the server comes back; 1
	SecondAt   time.Duration // start of a second outage; none
	SecondFor  time.Duration
	Poisson    float64       // share of Capacity that arrives all the time, instead of a herd
	Deadline   time.Duration // after which a caller gives up; none
	Crash      float64       // share of the processes that die, at some time in the ideal drain
	Storeless  float64       // share of the processes that cannot reach the store
	NetDelay   float64       // how many times slower the network is; 1
	StoreDelay float64       // how many times slower the store is; 1
	LosePushes int           // how many pushes after the first success are lost, for everyone
	PushLoss   float64       // share of single deliveries of pushes that are lost
}

// None is a RejectCost of nothing.
const None = -1

// Defaults fills what is zero.
func (c Case) Defaults() Case {
	if c.Callers == 0 {
		c.Callers = 1000
	}
	if c.Processes == 0 {
		c.Processes = 100
	}
	if c.Capacity == 0 {
		c.Capacity = 100
	}
	if c.Outage == 0 {
		c.Outage = 10 * time.Second
	}
	if c.RejectCost == 0 {
		c.RejectCost = 0.2
	}
	if c.Horizon == 0 {
		c.Horizon = 600 * time.Second
	}
	if c.Patience == 0 {
		c.Patience = 120 * time.Second
	}
	if c.ReturnAt == 0 {
		c.ReturnAt = 1
	}
	if c.NetDelay == 0 {
		c.NetDelay = 1
	}
	if c.StoreDelay == 0 {
		c.StoreDelay = 1
	}
	return c
}

// Workers is how many calls the server works on at a time.
func (c Case) Workers() int { return workers(c.Capacity) }

func workers(capacity float64) int {
	return max(int(math.Round(capacity*service.Seconds())), 1)
}

// Back is the capacity after the outage.
func (c Case) Back() float64 { return c.Capacity * c.ReturnAt }

// Cohort is whether the outcome is about a caller who was born then: everyone in a herd,
// and those who met the outage where calls arrive all the time.
func (c Case) Cohort(born time.Duration) bool { return c.Poisson == 0 || born < c.Outage }

// Ideal is the shortest time in which the server could serve this many callers of the
// cohort after the outage: without any wait in the network, and as if the last call took
// no time. Where calls arrive all the time, only what they leave is for the cohort.
func (c Case) Ideal(callers int) time.Duration {
	rate := c.Back() - c.Poisson*c.Capacity
	return time.Duration(float64(callers) / rate * float64(time.Second))
}
