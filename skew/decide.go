package skew

import (
	"fmt"
	"slices"
	"time"
)

// ballot is a voter's span in a round.
type ballot struct {
	*voter
	span span
}

// ballots returns who votes, by identity: of several with one identity the narrowest.
func (c *Clock) ballots(now time.Duration) []ballot {
	var all []ballot
next:
	for _, v := range c.rounds.voters {
		s, ok := v.vote(now, &c.config)
		if !ok {
			continue
		}
		for i, b := range all {
			if b.identity == v.identity {
				if s.high-s.low < b.span.high-b.span.low {
					all[i] = ballot{v, s}
				}
				continue next
			}
		}
		all = append(all, ballot{v, s})
	}
	return all
}

// decide counts the votes and sets the clock.
func (c *Clock) decide() Report {
	now, jump := c.local.look()
	c.wakeUp(now) // it may have slept while it waited for answers
	ballots := c.ballots(now)
	r := Report{Voting: len(ballots), Needed: max(c.minAgreeing, len(ballots)/2+1)}
	if k := c.known.Load(); k != nil && k.disrupted(jump) {
		r.Jump = jump - k.jump
	}
	spans := make([]span, len(ballots))
	for i, b := range ballots {
		spans[i] = b.span
	}
	agreed, ok := agree(spans, len(spans)/2+1)
	if ok { // more may be asked for, but must not narrow what a majority leaves open
		_, ok = agree(spans, r.Needed)
	}
	switch {
	case len(ballots) < r.Needed || c.silent():
		r.Err = c.tooFew()
	case !ok:
		r.Err = ErrDisagree
		c.doubt()
	default:
		c.settle(&r, ballots, agreed, now, jump)
	}
	r.Sources = c.describe(ballots, agreed, ok, jump)
	reading := c.Read()
	r.Offset, r.Uncertainty, r.Status = c.Offset(), reading.Uncertainty(), reading.Status
	return r
}

// silent tells that none of the sources that were asked answered, and that no other has an
// answer that is good for a while.
func (c *Clock) silent() bool {
	return !slices.ContainsFunc(c.rounds.voters, func(v *voter) bool {
		return v.holds && v.err == nil
	})
}

// tooFew is the error with what the sources said.
func (c *Clock) tooFew() error {
	err := ErrTooFew
	for _, v := range c.rounds.voters {
		if v.err != nil {
			err = fmt.Errorf("%w; %s: %w", err, v.source.Name(), v.err)
		}
	}
	return err
}

// settle believes what a majority agreed on, or waits for a second round to confirm it.
func (c *Clock) settle(r *Report, ballots []ballot, agreed span, now, jump time.Duration) {
	var heard time.Duration // the last answer
	fresh := 0              // answers since the first time that something surprising was agreed on
	for _, b := range ballots {
		if !b.span.meets(agreed) {
			continue
		}
		r.Agreeing++
		heard = max(heard, b.at)
		if p := c.rounds.pending; p != nil && b.round > p.round {
			fresh++
		}
	}
	known, bounded := c.before(now, jump)
	needed := r.Needed
	if bounded {
		needed = len(c.rounds.voters)/2 + 1 // of all, whether they answer or not
	}
	switch {
	case bounded && known.meets(agreed):
		agreed = known.intersect(agreed)
	case !bounded && known.meets(agreed):
	case c.confirmed(agreed, now) && fresh >= needed:
	default:
		r.Err = ErrUnconfirmed
		c.await(agreed, now)
		c.doubt()
		return
	}
	c.rounds.pending = nil
	c.known.Store(&knowledge{span: agreed, at: now, heard: heard, status: Bounded, jump: jump, rest: c.rounds.last.rest})
}

// before is what was known before the round or, when nothing bounds the clock, what is
// believed at once.
func (c *Clock) before(now, jump time.Duration) (_ span, bounded bool) {
	k := c.known.Load()
	if k == nil && c.status != Bounded {
		return span{jump, jump}.grow(c.maxOffset), false
	}
	if k == nil {
		offset := jump + c.offset
		return span{offset, offset}.grow(c.uncertainty), true
	}
	s := k.span
	if k.disrupted(jump) {
		s = c.disrupted(k)
		if !c.rounds.last.counted {
			s.high += max(jump-k.jump, 0) // it may have slept
		}
	}
	return s.grow(c.drift.in(now - k.at)), true
}

// confirmed reports whether something close was agreed on before.
func (c *Clock) confirmed(agreed span, now time.Duration) bool {
	p := c.rounds.pending
	return p != nil && p.span.grow(c.drift.in(now-p.at)).meets(agreed)
}

// await makes the sources due soon, to confirm something surprising.
func (c *Clock) await(agreed span, now time.Duration) {
	if !c.confirmed(agreed, now) {
		c.rounds.pending = &pending{span: agreed, at: now, round: c.rounds.count}
	}
	for _, v := range c.rounds.voters {
		v.hasten(now + againAfter)
	}
}

// doubt says so in readings.
func (c *Clock) doubt() {
	if k := c.known.Load(); k != nil && k.status != Disagree {
		doubted := &knowledge{span: k.span, at: k.at, heard: k.heard, status: Disagree, jump: k.jump, rest: k.rest}
		doubted.slept.Store(k.slept.Load())
		c.known.Store(doubted)
	}
}

// describe says what became of each source.
func (c *Clock) describe(ballots []ballot, agreed span, ok bool, jump time.Duration) []SourceReport {
	reports := make([]SourceReport, len(c.rounds.voters))
	for i, v := range c.rounds.voters {
		r := &reports[i]
		*r = SourceReport{Source: v.source.Name(), Result: v.result(), Err: v.err}
		voted := false
		for _, b := range ballots {
			if b.voter != v {
				continue
			}
			voted = true
			r.Offset, r.Uncertainty = b.span.mid()-jump, (b.span.high-b.span.low)/2
			switch {
			case v.err != nil:
			case !ok:
				r.Result = Undecided
			case !b.span.meets(agreed):
				r.Result = Falseticker
			}
		}
		if v.holds && !voted {
			r.Result = Duplicate
		}
	}
	return reports
}

// result is what became of the voter before the vote was counted.
func (v *voter) result() Result {
	switch {
	case v.asked && (v.holds || v.err != nil): // else the machine slept after it answered
		return resultOf(v.err)
	case v.holds:
		return Held
	case v.never:
		return Refused
	default:
		return Waiting
	}
}
