package main

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/skew"
	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/slot/book"
)

// ticks are two minutes.
const ticks = 2 * 240

// twoMinutes counts what the fleets are said to have done, and takes all samples but the last.
func twoMinutes(m *meter, left, right *fleet) {
	for i := range int64(ticks) {
		time.Sleep(tick)
		left.service.arrived.Add(20 * (i % 2)) // by fits and starts
		left.attempts.Add(9)
		left.served.Add(4 * (i % 2))
		right.service.arrived.Add(3)
		right.attempts.Add(3)
		right.served.Add(2)
		if i < ticks-1 {
			m.sample()
		}
	}
	left.begun.Store(5000)
	left.gaveUp.Store(7)
	left.sentHome.Store(11)
	left.service.prevented.Store(13)
	right.begun.Store(1000)
	right.service.prevented.Store(17)
	right.fellBack.Store(19)
	right.adrift.Store(2)
	right.mode.Store(uint32(book.Paced))
}

func TestMeterTellsWhatWasCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := skew.New(skew.WithSources(skew.Fixed(300*time.Millisecond, 200*time.Millisecond)))
		if _, err := clock.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		left, right := &fleet{service: newService()}, &fleet{service: newService(), queues: make([]*slot.Queue, 1)}
		m := &meter{stage: &stage{rules: quick, books: &books{slots: slot.NewMemory()}, clock: clock, fleets: [2]*fleet{left, right}}}

		m.sample()
		twoMinutes(m, left, right)
		for _, f := range m.stage.fleets {
			f.service.setStaff(fullStaff / 2)
		}

		got := m.sample()
		want := sample{
			Time: float64(time.Now().UnixMilli()) / 1e3, Capacity: 50, Full: 100, Halved: true, Herd: quick.herd,
			Store: storeMemory, Offset: .3, Uncertainty: got.Uncertainty, Clock: skew.Bounded.String(),
			Fleets: [2]figure{
				jitter: {
					Arrivals: 40, Served: 8, Waiting: 5000 - 7 - 11 - 2*ticks,
					MinuteAttempts: 9 * 240, MinuteServed: 2 * 240,
					Prevented: 13, GaveUp: 7,
				},
				slots: {
					Arrivals: 12, Served: 8, Waiting: 1000 - 2*ticks,
					MinuteAttempts: 3 * 240, MinuteServed: 2 * 240,
					Prevented: 17, FellBack: 19, Adrift: 2, Mode: "paced",
				},
			},
		}
		if got != want {
			t.Errorf("it tells\n%+v, want\n%+v", got, want)
		}
		if got.Uncertainty < .2 || got.Uncertainty > .21 { // drift, of two minutes
			t.Errorf("an uncertainty of %v s", got.Uncertainty)
		}

		for _, f := range m.stage.fleets {
			f.service.leave(8 * time.Second)
		}
		time.Sleep(tick)
		if x := m.sample(); x.Away != 7.75 || x.Capacity != 0 || x.Full != 100 {
			t.Errorf("in an outage it tells %+v", x)
		}
	})
}
