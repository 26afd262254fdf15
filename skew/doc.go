// Package skew answers "what time is it, and how wrong may that be?".
//
// A clock that only says what time it is cannot say whether a key has expired: the answer
// depends on how far this machine may be from the truth. So a [Clock] gives a [Reading],
// the interval that holds the true time, and code that must not be fooled asks the end of
// the interval that makes it safe:
//
//	clock := skew.New(skew.WithSources(skewntp.Servers([]string{
//		"ntp1.example.com", "ntp2.example.com", "ntp3.example.com",
//	})...))
//	go clock.Run(ctx)
//	...
//	if clock.Read().SurelyAfter(expiry) {
//		// expired, whatever the error of this machine's clock
//	}
//
// Most of goaround needs no wall clock at all: waits and leases are measured on the
// monotonic clock or by the store. What is left are dates that other machines wrote:
// HTTP-dates in Retry-After where the response has no Date of its own, and the time inside
// UUIDv7 idempotency keys. A nil *Clock reads the operating system's clock, so nobody needs
// one to begin with.
//
// # Where the time comes from
//
// A clock has sources ([Source]). Each says that the truth is so far from the local time, give or
// take:
//
//	skewntp.New(server)        NTP servers; there is no default one
//	NewDateSource, HTTPDate    the Date of HTTP responses that pass by, or of a server that is asked
//	Kernel                     the operating system's own account, on Linux
//	StoreTime                  a store's clock, for those who must agree on it
//	Fixed                      what is known from elsewhere
//
// In a round, which is [Clock.Sync], all sources are asked at the same time. What more than
// half of the answers have in common is the new reading, and who has no part in it is named
// a falseticker in the [Report]. To tolerate one server that lies takes three; one against
// one is refused, because nobody can tell who lies, and the reading stays what it was.
// What contradicts an earlier reading, or is a day away from the operating system's clock,
// must be said twice. [Clock.Run] makes rounds until its context ends, and is the only
// thing here that may need a goroutine, which is the caller's.
//
// Sources are left alone for as long as they ask for, whoever calls; one that is silent or
// refuses is asked less and less. Sync can fail, and then says why; readings go on.
//
// # Between rounds
//
// A reading is the machine's monotonic clock, put right by the last round, and widens by 50
// ppm, 0.18 s an hour: as fast as a clock may drift that nobody disciplines
// ([WithMaxDrift]). So it can be read at any time, without a network and without waiting;
// [Clock.Read] costs some 20 ns more than time.Now.
//
// The monotonic clock does not follow when the operating system's clock is set. A machine
// that was ten minutes slow and is repaired is not ten minutes fast for us: the correction
// that [Clock.Offset] tells goes to 0, and the reading stays. It says [Disrupted] then, and
// Run asks the sources early.
//
// # What is promised, and what is not
//
// The true time lies in every reading that is not [Unknown], as long as fewer than half of
// the sources that answer lie, the monotonic clock keeps within its drift, and the bounds
// hold that are the sources' own (the root distance of NTP, the maximum error of the
// kernel). A majority is not the truth: three servers that follow one wrong clock are
// believed. A virtual machine that is stopped together with all of its clocks is late until
// the next round. Servers that smear leap seconds must not be mixed with servers that do not.
//
// What to expect: microseconds on one machine, a millisecond in a data centre, half of the
// round trip over the Internet, one to two seconds from HTTP-dates. [Clock.Now] is the
// middle of the reading; it may go back when a round corrects it, and is not for measuring
// how long something takes.
//
// Tests of code that depends on clocks find a machine with bad clocks and an NTP server by
// script in package skewtest. The package imports the standard library only.
package skew
