// Package relay stands between two hosts as the network does, and does what a network may:
// it cuts, it is slow, it keeps what was sent and delivers it late, and it loses the answer
// to what was done.
//
//	r, err := relay.Listen("127.0.0.1:6379")
//	r.LoseAnswers(1) // the next answer; the request has arrived
//	r.Heal()
//
// A relay keeps its address for life. What it passes on to may change, so that a server which
// comes back on another port is found where it was.
//
// It is not toxiproxy because connections that end while a toxic is put on or taken off
// block that (measured with v2.5.0: 34 rounds in the time of 280, and 709 goroutines left).
package relay
