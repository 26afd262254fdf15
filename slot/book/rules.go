package book

import "time"

// Rules are what a user may say about a target. The zero value says nothing: the rules learn.
type Rules struct {
	// Prior is how many attempts per second the target is believed to serve, 0 = unknown. It
	// is where pacing starts, never a ceiling. One that is wrong by a factor of two costs a
	// second or two; one that is far too low some more, as growth goes by rounds of results.
	Prior float64
}

// start is the rate that the user named, 0 = none.
func (r Rules) start() float64 {
	if r.Prior > 0 { // not so for NaN
		return bounded(r.Prior)
	}
	return 0
}

// The constants are no options: each is a share of something measured, or has a reason that
// does not depend on the target. Times are in microseconds, rates per second.
const (
	second = 1_000_000

	// slowest and fastest bound every rate.
	slowest, fastest = 1, 1_000_000
	// unproven paces the retries of a target that was never seen to be down or to be full.
	unproven = 20
)

// When slots are given.
const (
	// horizon is how far ahead slots are given. What was given is sent at the old rate, so
	// this is part of the delay of the control loop; less would cost more asks.
	horizon = 120_000
	// lead is how long before its slot a caller is asked for: a few trips to a slow store.
	// The rest of the horizon is what one ask can be given at a time.
	lead = 60_000
	// near is how full the horizon must be for it to count as waiting: half of the lead.
	near = 30_000
	// leap is how many tickets, beside a horizon's worth, may be passed over for one that
	// comes early: small enough for order, large enough for rates of a few per second.
	leap = 10
	// skip is how many times faster than slots tickets go by when nobody comes: estimates count
	// on no more.
	skip = 4
	// patience is the longest time after which a member may ask again.
	patience = 2_000_000
	// breath is the least wait of a retry while the target is clear: time to hear that it is
	// down, before the retry is spent on it.
	breath = 50_000
)

// When a target is down, and when it is tried.
const (
	// outage is how many failures in a row are an outage, as for common circuit breakers...
	outage = 5
	// ...when the latest success anywhere is older than quiet, and than twice the latency. But
	// however slow the target was, a silence of quietMost is one.
	quiet, quietMost = 250_000, 10_000_000
	// A probe comes probeShare of the outage after the one before, so that probing late adds
	// that much to any outage, and its cost grows with the logarithm of the outage; but not
	// sooner than probeLeast nor later than probeMost.
	probeShare            = 0.025
	probeLeast, probeMost = 250_000, 5_000_000
	// overdue is how late a probe's result may be before another member probes.
	overdue = 1_000_000
	// probeTurns is how many probes a member makes in a row, each by another of its callers
	// where it has as many: a probe costs a call one of its attempts.
	probeTurns = 8
)

// How the rate follows what the target does. A round is a number of results of one epoch.
const (
	// window is how many attempts a target of unknown capacity is sent per latency. TCP
	// starts with 10 at once (RFC 6928); these are spread over the latency.
	window = 12
	// A round has at least fewest results, and roundShare of those of a second; but roundMost
	// are always enough to tell a share of refusals that counts from chance.
	fewest     = 4
	roundShare = 0.15
	roundMost  = 200

	// Ramp: each clean round raises the growth by rampStep, at first up to rampSteps of it,
	// which is also how far the limit can be overshot: 1.15 times. When still no limit is seen
	// rampPause rounds later it is probably far, and growth increases again, up to rampMost.
	rampStep                       = 0.05
	rampSteps, rampPause, rampMost = 3, 4, 10
	// unsure is how many clean rounds not to know a rate is worth.
	unsure = 4

	// Paced: below the last good rate growth is regain; above it cruise times the square of
	// the clean rounds, like CUBIC (RFC 9438): long near the limit, then away from it; or as in
	// a ramp at once where none is near, for neither refusals nor a queue were seen lately.
	regain = 0.1
	cruise = 0.002

	// tolerated is the share of refusals that is no sign of a full target.
	tolerated = 0.02
	// deepest is the most that one round cuts; what it saw may have been a moment.
	deepest = 0.5
	// mostly is the share of refusals above which no cut is doubted. One server of several that
	// is broken refuses half at most, and chance adds some.
	mostly = 0.667
	// midway is the part of a cut that is taken back soon: between what was too much and what
	// was served, the limit lies nearer to the latter.
	midway = 0.3

	// A mean latency that is more than the least by the share risen stops growth: a queue
	// builds. From long on the rate is eased a little in each round, but not below easedMost
	// of the good rate: latency alone proves nothing about capacity.
	risen, long      = 0.12, 0.25
	eased, easedMost = 0.97, 0.85
	// Latencies vary, and so do the means of few. What chance times their usual difference
	// explains is no sign of a queue; recent is the weight of the latest difference in it. A
	// round of n results lowers the least latency by the share n/(n+luck), by half at most.
	chance, recent = 1.5, 0.25
	luck           = 40
	// wary is for how many rounds after a refusal each rise of the latency is taken for that
	// of a queue: three or four seconds, in which the limit is near.
	wary = 30
	// queued is how many calls a queue has at least: to a fast target at a low rate, calls that
	// are late by chance make none.
	queued = 1
	// relaxed forgets the least latency in each round that is slower, and lucky times their
	// usual difference more of it.
	relaxed, lucky = 1.001, 0.1
	// trusted is how much slower than the one probe the first round may be without a queue.
	trusted = 1.25
	// idle is how long after the last caller had to wait the rate is left alone: what was
	// served then is what was wanted, and not what can be served (RFC 7661).
	idle = 500_000
)

// When members hear of it.
const (
	// heartbeat is the longest time between two notices while anybody asks and waits.
	heartbeat = 500_000
	// silence is how overdue a notice may be before members ask.
	silence = 1_000_000
	// calm is how long nobody must have had to wait before the target is clear again.
	calm = 1_000_000
)

func bounded(rate float64) float64 { return min(max(rate, slowest), fastest) }

func micros(d time.Duration) int64 { return int64(d / time.Microsecond) }

func duration(us int64) time.Duration { return time.Duration(us) * time.Microsecond }
