package book

import "time"

// outcomes is what a member knows of attempts that ended and has not told the keeper.
type outcomes struct {
	epoch    int64
	tally    Tally         // of attempts sent in epoch
	old      Tally         // of those sent before
	took     time.Duration // of the OKs in tally, summed
	oldest   Instant       // when the first of them ended
	refusals bool          // some failed
	probed   bool          // one is a probe's
	urgent   bool          // one is news: a success while the target is down
}

func (o *outcomes) empty() bool { return o.tally == Tally{} && o.old == Tally{} && !o.probed }

func (t *Tally) add(r Result) {
	switch r {
	case Success:
		t.OK++
	case Rejected:
		t.Rejected++
	default:
		t.Failed++
	}
}

func (t *Tally) merge(o Tally) {
	t.OK += o.OK
	t.Rejected += o.Rejected
	t.Failed += o.Failed
}

// add counts an attempt that was sent in the epoch e.
func (o *outcomes) add(now Instant, e int64, f Feedback) {
	if o.empty() {
		o.oldest = now
	}
	if e > o.epoch {
		o.old.merge(o.tally)
		o.epoch, o.tally, o.took = e, Tally{}, 0
	}
	o.refusals = o.refusals || f.Result != Success
	if e < o.epoch {
		o.old.add(f.Result)
		return
	}
	o.tally.add(f.Result)
	if f.Result == Success {
		o.took += f.Latency
	}
}

// mean is the mean latency of the OKs in tally.
func (o *outcomes) mean() time.Duration {
	if o.tally.OK == 0 {
		return 0
	}
	return o.took / time.Duration(o.tally.OK)
}

// aged returns the outcomes as those of earlier epochs.
func (o *outcomes) aged(epoch int64) outcomes {
	old := *o
	old.old.merge(old.tally)
	old.epoch, old.tally, old.took = epoch, Tally{}, 0
	return old
}

// restore takes back what was told in vain.
func (o *outcomes) restore(lost outcomes) {
	if lost.epoch > o.epoch {
		*o, lost = lost, *o
	}
	if lost.epoch == o.epoch {
		o.tally.merge(lost.tally)
		o.took += lost.took
	} else {
		o.old.merge(lost.tally)
	}
	o.old.merge(lost.old)
	o.probed = o.probed || lost.probed
	o.urgent = o.urgent || lost.urgent
	o.refusals = o.refusals || lost.refusals
}

// eras remembers since when attempts are of which epoch, for the latest few.
type eras struct {
	marks [8]era
	n     int
}

type era struct {
	epoch int64
	at    Instant
}

// mark notes that attempts are of the epoch from now on.
func (e *eras) mark(epoch int64, now Instant) {
	if e.n > 0 && e.marks[e.n-1].epoch == epoch {
		return
	}
	if e.n == len(e.marks) {
		copy(e.marks[:], e.marks[1:])
		e.n--
	}
	e.marks[e.n] = era{epoch, now}
	e.n++
}

// of returns the epoch of an attempt by when it was sent, 0 when that is too long ago.
func (e *eras) of(sent Instant) int64 {
	for i := e.n - 1; i >= 0; i-- {
		if sent >= e.marks[i].at {
			return e.marks[i].epoch
		}
	}
	return 0
}
