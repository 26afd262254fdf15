package nemesis

import (
	"context"
	"time"
)

// pacers are those that attack the Redis by which clients pace.
func pacers() []Nemesis {
	return []Nemesis{{
		Name: "pacer-gone", Doc: "the Redis by which clients pace is killed, or hangs, and is back after a while",
		Fits: anywhere, Strike: always(killPacer),
	}}
}

func killPacer(ctx context.Context, w *World) error {
	node, d, harm, how := w.Site.PacerNode(), w.between(time.Second, 3*time.Second), gone, "is gone"
	if w.Outage > 0 {
		d = w.Outage
	}
	if w.coin() {
		harm, how = hangs, "hangs"
	}
	w.Log("the pacer %s for %v", how, d)
	return harm(ctx, node, d)
}
