// Package book has the rules by which the callers of a target take turns.
//
// When a target falters, everybody who calls it comes back, and the more they are the longer
// they keep it down. The rules let one caller at a time find out whether it is there again,
// and then send the others at the pace that it manages, in the order in which they came. They
// need no knowledge of the target and of who else calls it.
//
// # Who is who
//
// A [Member] is what one process knows about one target: the callers that wait there, and how
// attempts ended. A [Book] is what the keeper of the target knows; there is one, in memory, or
// in a store that a fleet shares. A member sends the keeper an [Ask] and gets an [Answer];
// the keeper pushes a [Notice] to all members when there is news. Neither does I/O, reads a
// clock or starts a goroutine: package slot drives them in real time, a script in Redis does
// the same arithmetic as Book.Step, and simulators and tests drive them in virtual time.
//
// Only durations cross between the two, so their clocks need not agree. All times are whole
// microseconds, all numbers are exact in a float64, and operations are done in a fixed order:
// the same asks have the same answers, in every language with IEEE 754 doubles.
//
// # Modes
//
// A target is [Clear] at first. First attempts go at once, and a success costs no ask. A
// retry asks for a slot, and gets one soon.
//
// Five failures in a row make it [Down], with no success for a quarter of a second or, where
// that is longer, two latencies (10 s at most). No slots are given. One member at a time is
// booked a probe, a real attempt of one of its callers, and the report of a probe that failed
// books the next. Probes come more seldom as the outage grows, so that a long one costs few
// more than a short one and its end is noticed late by 2.5 % of its length, or a quarter of a
// second where that is more.
//
// The first success begins the [Ramp]: slots are given at the rate that was learned before, or
// at [Rules].Prior, or at a dozen per latency, and the rate grows from round to round, until
// calls are refused or their latency rises.
//
// Then the target is [Paced]: the rate follows what is served. It is clear again when nobody
// has had to wait for a second.
//
// # Rate
//
// Slots are given at a known pace. So the share of them that was served, times that pace, is
// what the target can do, and no reports need to come in time for it. Results are gathered
// into rounds, and each change of the rate begins an epoch: only results of attempts that were
// sent in the epoch count, since all others tell of another rate, and no first attempts that
// had no slot, since they have another pace.
//
// A round with refusals cuts the rate to what was served. One in which the mean latency rose
// well above its least holds the rate, or eases it a little, which keeps the target's queue
// short and refusals rare. A clean one raises it. How much means differ by chance is taken into
// account, but not right after a refusal: then the limit is near. Slots reach only 120 ms ahead, for what was
// given cannot be taken back.
//
// Not all refusals are those of a full target: one server of several that is broken refuses its
// share of any rate. So a cut after which as many are refused, while successes are as fast as
// ever, is taken back, and that share is no sign until it is gone. And less than one call that
// waits at the target is no queue, so at low rates calls that are late by chance stop no growth.
//
// # Turns
//
// Each caller that waits gets a ticket, and each notice says which ticket's turn it is, when,
// and how fast tickets go by. So a member knows by itself when to ask for the slots of its
// callers, 60 ms ahead, and one ask gets slots for all whose turn comes by then; results ride
// along. Members that come in their turn and find no room are told other times each. Tickets
// of callers that died or gave up go by at four times the pace, so nobody waits for them long.
//
// # When things are lost
//
// Notices are complete and numbered. One that is lost is made good by the next, which comes
// within half a second while anybody asks; a member that hears nothing for longer than was
// announced asks. An ask without an answer is repeated with what it told. A keeper's clock that
// is set back is taken to have stood still.
//
// A book that is lost is opened anew, as that of a target that is clear. Its members notice by
// numbers that are lower than before, forget the slots and the tickets that they were given,
// and get new ones: nobody is stranded, but who waits at another member may be served first.
// What it had learned, it learns again: that the target is down costs five failures, and the
// rate the rounds of a ramp.
package book
