package otel

import (
	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/transport"
)

// Observers are what the options give to the packages, so that tests can ask what they cost.
func Observers(opts ...Option) (transport.Observer, server.Observer, idem.Observer, slot.QueueObserver) {
	c := newConfig(opts)
	calls := newCallMetrics(c)
	return transport.Observer{Attempt: calls.attempt, Call: calls.call},
		server.Observer{Answered: newServerMetrics(c).answered},
		newGuardMetrics(c).observer(), newSlotMetrics(c).observer()
}

// Instrument is the name and the unit of an instrument.
type Instrument struct{ Name, Unit string }

// Instruments are all that this package makes.
func Instruments() (all []Instrument) {
	for _, d := range []description{
		callDuration, callAttempts, retries, suppressed, waitDuration, unpaced, budgetLeft, hedges, resumes,
		requests, duplicates, claims, renewals, endings, storeDuration, inflightWait,
		admissions, admitWait, admitSlot, admitWaiting, admitRate,
		slotWait, slotStore, slotModes, slotFallbacks, slotRecovered, slotDeaf,
		clockSkew, clockUnsure, clockRounds, clockSyncs,
	} {
		all = append(all, Instrument{d.name, d.unit})
	}
	return all
}
