// Package sim is a model of a herd: many callers in many processes who call one server
// that was away for a while. It runs in virtual time, in one goroutine, and the same seed
// gives the same run.
//
// The model is a few sentences. The server has workers, 10 for every 100 calls per second
// of its capacity, each of which needs 100 ms (give or take 20 %) for a call. As many
// calls again may wait; everyone else is refused at once with a 503. During an outage everyone
// is refused, for free. After it a refusal costs a share of a call's work, which the workers do
// before anything useful: this is what keeps an overloaded server overloaded. A message takes
// 10 to 30 ms each way. A round trip to the store takes 1 to 5 ms, and what the store pushes
// reaches a process in half of that.
//
// A [Strategy] decides what a process does about calls that failed. A [Case] is the
// circumstances, [Run] makes an [Outcome] of both.
package sim
