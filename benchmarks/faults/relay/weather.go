package relay

import (
	"math/rand/v2"
	"time"
)

// weather is what the relay does to what passes. One that was stored is not changed.
type weather struct {
	cut, silent     bool
	latency, jitter time.Duration
	changed         chan struct{} // closed when there is another weather
}

// Cut resets all connections, and each new one, until [Relay.Heal].
func (r *Relay) Cut() {
	r.set(weather{cut: true})
	r.reset()
}

// Silence lets nothing pass in either direction until [Relay.Heal]. What was sent meanwhile
// arrives then, as when TCP repeats what a network has lost, also when whoever sent it has
// given up.
func (r *Relay) Silence() { r.set(weather{silent: true}) }

// Slow holds each piece that passes, in either direction, for the latency and up to the
// jitter more.
func (r *Relay) Slow(latency, jitter time.Duration) {
	r.set(weather{latency: latency, jitter: jitter})
}

// LoseAnswers loses the next n answers: what was asked has arrived, and may have been done,
// when the connection is reset in the place of the answer.
func (r *Relay) LoseAnswers(n int) { r.lose.Store(int64(n)) }

// Lost is how many answers were lost until now.
func (r *Relay) Lost() int { return int(r.lost.Load()) }

// Heal ends Cut, Silence, Slow and LoseAnswers.
func (r *Relay) Heal() {
	r.lose.Store(0)
	r.set(weather{})
}

func (r *Relay) set(w weather) {
	w.changed = make(chan struct{})
	close(r.weather.Swap(&w).changed)
}

// delay is how long a piece is held.
func (w *weather) delay() time.Duration {
	if w.jitter <= 0 {
		return w.latency
	}
	return w.latency + rand.N(w.jitter)
}
