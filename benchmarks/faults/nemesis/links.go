package nemesis

import (
	"context"
	"time"

	"github.com/goaroundhq/goaround/benchmarks/faults/relay"
)

// links are those that attack what lies between the hosts.
func links() []Nemesis {
	return []Nemesis{
		{
			Name: "cut-store", Doc: "the links of one or all servers to the store are cut, or nothing passes and arrives late",
			Fits: anywhere, Strike: always(cut("store", storeLinks)),
		},
		{
			Name: "cut-client", Doc: "the links of one or all clients to the servers are cut, or nothing passes and arrives late",
			Fits: anywhere, Strike: always(cut("client", clientLinks)),
		},
		{
			Name: "slow-store", Doc: "latency and jitter on the links of one or all servers to the store",
			Fits: anywhere, Strike: always(slow("store", storeLinks)),
		},
		{
			Name: "slow-client", Doc: "latency and jitter on the links of one or all clients to the servers",
			Fits: anywhere, Strike: always(slow("client", clientLinks)),
		},
		{
			Name: "lost-response", Doc: "a server has done what a client asked, and its response is lost",
			Fits: anywhere, Strike: lose("responses to clients", clientLinks),
		},
		{
			Name: "lost-reply", Doc: "the store has done what a server asked, and its reply is lost",
			Fits: anywhere, Strike: lose("replies of the store", storeLinks),
		},
	}
}

// storeLinks are those of one or all servers to the store.
func storeLinks(w *World) (found []*relay.Relay) {
	for _, i := range w.some(len(w.Servers)) {
		found = append(found, w.Site.StoreLinks(i)...)
	}
	return found
}

// clientLinks are those of one or all clients to the servers.
func clientLinks(w *World) (found []*relay.Relay) {
	for _, i := range w.some(len(w.Clients)) {
		found = append(found, w.Site.ServerLinks(i)...)
	}
	return found
}

func cut(what string, of func(*World) []*relay.Relay) func(context.Context, *World) error {
	return func(ctx context.Context, w *World) error {
		relays, d, silent := of(w), w.between(200*time.Millisecond, 2*time.Second), w.coin()
		w.Log("%d %s links are cut for %v, silently: %t", len(relays), what, d, silent)
		defer heal(relays)
		for _, r := range relays {
			if silent {
				r.Silence()
			} else {
				r.Cut()
			}
		}
		return last(ctx, d)
	}
}

func slow(what string, of func(*World) []*relay.Relay) func(context.Context, *World) error {
	return func(ctx context.Context, w *World) error {
		relays, d := of(w), w.between(500*time.Millisecond, 2*time.Second)
		// Each way: the longest outlast the timeout of an attempt and that of the store.
		latency, jitter := w.between(50*time.Millisecond, 400*time.Millisecond), w.between(0, 300*time.Millisecond)
		w.Log("%d %s links are slow by %v to %v for %v", len(relays), what, latency, latency+jitter, d)
		defer heal(relays)
		for _, r := range relays {
			r.Slow(latency, jitter)
		}
		return last(ctx, d)
	}
}

// lose loses up to eight answers on each link, or as many as there are in half a second.
func lose(what string, of func(*World) []*relay.Relay) func(context.Context, *World) (bool, error) {
	const d = 500 * time.Millisecond
	return func(ctx context.Context, w *World) (bool, error) {
		relays, n := of(w), 1+w.Rand.IntN(8)
		w.Log("%d %s are lost on each of %d links", n, what, len(relays))
		defer heal(relays)
		before := lost(relays)
		for _, r := range relays {
			r.LoseAnswers(n)
		}
		err := last(ctx, d)
		return lost(relays) > before, err
	}
}

// lost is how many answers the relays have lost until now.
func lost(relays []*relay.Relay) (n int) {
	for _, r := range relays {
		n += r.Lost()
	}
	return n
}

func heal(relays []*relay.Relay) {
	for _, r := range relays {
		r.Heal()
	}
}
