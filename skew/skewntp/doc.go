// Package skewntp gives a skew.Clock the time of NTP servers.
//
//	clock := skew.New(skew.WithSources(
//		skewntp.New("ntp1.example.com"),
//		skewntp.New("ntp2.example.com"),
//		skewntp.New("ntp3.example.com"),
//	))
//	go clock.Run(ctx)
//
// # Which servers
//
// There is no default. Take those of your provider or your own; the NTP pool asks vendors
// not to build its name into software, but a zone of yours is welcome. Three are the fewest
// of which one may lie. A name with several addresses stands for one of them, so a pool is
// given as its numbered names. Sources that reach one address have one vote; two addresses
// of one machine cannot be told from two machines.
//
// A server is asked once in half an hour ([WithMinInterval], for your own servers), which
// with the drift of the local clock makes readings that are right to a tenth of a second;
// asked once a minute, to milliseconds. A server that says RATE is asked half as often from
// then on, one that says DENY or RSTR never again, and a silent one after growing pauses: a
// chronyd that limits its clients just goes silent.
//
// # What is believed
//
// The interval of a server is its offset, give or take the root distance of RFC 5905: half
// of the way to it and from it to its reference clock, and what it adds for its own errors;
// and the grain of both clocks. A path that is slower in one direction than in the other
// moves the middle, not the truth out of the interval. Refused are servers that are not
// synchronized (stratum 16, leap indicator 3, no news for 36 hours), whose root distance is
// over 1.5 s ([WithMaxRootDistance]), or that claim to have worked for longer than the
// answer took ([ErrImplausible]). Datagrams that answer another query than ours are passed
// over. When the operating system's clock is set while a query is on its way, that changes
// nothing, because the query is timed on the monotonic clock.
//
// NTP has no secrets: who can read and change our packets can say any time, within what the
// majority of the servers lets him. [WithExtensions] takes an implementation of Network
// Time Security (RFC 8915), which the package does not contain.
//
// The protocol is that of github.com/beevik/ntp.
package skewntp
