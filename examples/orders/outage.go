package main

import (
	"fmt"
	"sync/atomic"
	"time"
)

// outage is the one time in a run in which the service cannot be reached.
type outage struct {
	length time.Duration
	say    func(string)
	down   atomic.Bool
	timer  *time.Timer
}

// begin takes the service down, and lets it come back by itself. It is called once.
func (o *outage) begin() {
	if o.length <= 0 {
		return
	}
	o.down.Store(true)
	o.say(fmt.Sprintf("outage begins: every connection is reset for %v", o.length))
	o.timer = time.AfterFunc(o.length, func() {
		o.say("outage ends")
		o.down.Store(false)
	})
}

// cancel forgets an end that has not come yet.
func (o *outage) cancel() {
	if o.timer != nil {
		o.timer.Stop()
	}
}
