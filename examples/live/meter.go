package main

import (
	"time"

	"github.com/goaroundhq/goaround/slot/book"
)

const (
	// tick is the time between two samples.
	tick = 250 * time.Millisecond
	// kept is how many samples the page has: a minute.
	kept = int(time.Minute / tick)
	// smooth is over how many of them rates are computed: a second.
	smooth = int(time.Second / tick)
)

// sample is what the page draws of one moment. Rates are per second.
type sample struct {
	Time        float64   `json:"time"`        // Unix, in seconds
	Away        float64   `json:"away"`        // seconds that the outage still lasts
	Capacity    float64   `json:"capacity"`    // of each service; 0 in an outage
	Full        float64   `json:"full"`        // capacity without outage and with all its workers
	Halved      bool      `json:"halved"`      // half of the workers are there
	Herd        int       `json:"herd"`        // callers that a press adds
	Store       string    `json:"store"`       // storeRuns and so on
	Offset      float64   `json:"offset"`      // of true time from this machine's clock, in seconds
	Uncertainty float64   `json:"uncertainty"` // give or take
	Clock       string    `json:"clock"`       // a skew.Status
	Fleets      [2]figure `json:"fleets"`
}

// figure is what a sample tells of a fleet.
type figure struct {
	Arrivals       float64 `json:"arrivals"` // attempts that reached the service
	Served         float64 `json:"served"`   // callers who got their answer
	Waiting        int64   `json:"waiting"`  // callers who have not
	MinuteAttempts int64   `json:"minuteAttempts"`
	MinuteServed   int64   `json:"minuteServed"`
	Prevented      int64   `json:"prevented"` // orders that would have run twice
	GaveUp         int64   `json:"gaveUp"`
	FellBack       int64   `json:"fellBack"` // waits at random because the store did not answer
	Adrift         int64   `json:"adrift"`   // processes that cannot ask the store
	Mode           string  `json:"mode"`     // of the queue, "" without one
}

// count is what a fleet has done so far.
type count struct{ arrived, attempts, served int64 }

// counts are of one moment.
type counts struct {
	at     time.Time
	fleets [2]count
}

// meter makes samples of a stage.
type meter struct {
	stage *stage
	past  []counts // of the last minute, the oldest first
}

func (m *meter) sample() sample {
	now := counts{at: time.Now()}
	for i, f := range m.stage.fleets {
		now.fleets[i] = count{f.service.arrived.Load(), f.attempts.Load(), f.served.Load()}
	}
	m.past = append(m.past, now)
	m.past = m.past[max(0, len(m.past)-1-kept):]

	service, clock := m.stage.fleets[jitter].service, m.stage.clock
	x := sample{
		Time:        float64(now.at.UnixMilli()) / 1e3,
		Away:        service.away().Seconds(),
		Capacity:    service.capacity(),
		Full:        fullStaff / workTime.Seconds(),
		Halved:      service.halved(),
		Herd:        m.stage.rules.herd,
		Store:       m.stage.books.state(),
		Offset:      clock.Offset().Seconds(),
		Uncertainty: clock.Read().Uncertainty().Seconds(),
		Clock:       clock.Read().Status.String(),
	}
	for i, f := range m.stage.fleets {
		x.Fleets[i] = m.figure(i, f)
	}
	return x
}

func (m *meter) figure(i int, f *fleet) figure {
	last := len(m.past) - 1
	now, second, minute := m.past[last], m.past[max(0, last-smooth)], m.past[0]
	rate := func(now, then int64) float64 { return perSecond(now-then, m.past[last].at.Sub(second.at)) }
	x := figure{
		Arrivals:       rate(now.fleets[i].arrived, second.fleets[i].arrived),
		Served:         rate(now.fleets[i].served, second.fleets[i].served),
		Waiting:        f.waiting(),
		MinuteAttempts: now.fleets[i].attempts - minute.fleets[i].attempts,
		MinuteServed:   now.fleets[i].served - minute.fleets[i].served,
		Prevented:      f.service.prevented.Load(),
		GaveUp:         f.gaveUp.Load(),
		FellBack:       f.fellBack.Load(),
		Adrift:         f.adrift.Load(),
	}
	if f.queues != nil {
		x.Mode = book.Mode(f.mode.Load()).String()
	}
	return x
}

// perSecond is 0 for no time at all.
func perSecond(n int64, in time.Duration) float64 {
	if in <= 0 {
		return 0
	}
	return float64(n) / in.Seconds()
}
