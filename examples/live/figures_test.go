package main

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/goaroundhq/goaround/skew"
)

// showsSamples gives the page samples of our own, while it is paused.
func showsSamples(t *testing.T, b *tab, _ *stage) {
	b.key("p")
	b.until("paused", offers("#pause", "Go on"))
	ask[bool](b, `import("/figures.js").then(m => { window.figures = m; }), true`)
	b.until("its module is there", "window.figures !== undefined")
	jittery := figure{Arrivals: 20.4, Served: 19.6, Waiting: 1234, MinuteAttempts: 300, MinuteServed: 120, Prevented: 23, GaveUp: 7}
	adrift := figure{MinuteAttempts: 1, FellBack: 9, Adrift: 2, Mode: "down"}
	for name, test := range map[string]struct {
		sample sample
		want   map[string]string // by selector
	}{
		"no trouble": {
			sample{Capacity: 100, Full: 100, Store: storeForeign, Offset: .5, Uncertainty: .5, Clock: skew.Bounded.String(), Fleets: [2]figure{jittery, {Mode: "paced"}}},
			map[string]string{
				`[data-state="services"]`: "open",
				`[data-state="capacity"]`: "100 per second",
				`[data-state="redis"]`:    "yours; not stopped from here",
				`[data-state="clock"]`:    "0.00 to +1.00 s",
				`[data-fleet="jitter"] .figures`: "Arrivals20 per secondCompletions20 per secondCallers who wait1,234Attempts per success2.50 last minute" +
					"Duplicates prevented23 since the startGave up7 since the start",
				`[data-fleet="slots"] [data-figure="ratio"]`: "\u2013 last minute",
				`[data-fleet="slots"] .how`:                  "Taking turns, at the pace of the service.",
			},
		},
		"Redis is stopped": {
			sample{Away: 7.75, Full: 100, Store: storeStopped, Offset: -.25, Uncertainty: .125, Clock: skew.Bounded.String(), Fleets: [2]figure{jittery, adrift}},
			map[string]string{
				`[data-state="services"]`:                    "away for 8 s",
				`[data-state="redis"]`:                       "stopped",
				`[data-state="clock"]`:                       "\u22120.38 to \u22120.13 s",
				`[data-fleet="slots"] [data-figure="ratio"]`: "\u221e last minute",
				`[data-fleet="slots"] .how`:                  "Redis does not answer: waits at random (9 times so far).",
			},
		},
		"Redis is back, and nobody knows": {
			sample{Store: storeRuns, Clock: skew.Unknown.String(), Fleets: [2]figure{jittery, adrift}},
			map[string]string{
				`[data-state="redis"]`:      "running",
				`[data-state="clock"]`:      "not known yet",
				`[data-fleet="slots"] .how`: "Waits at random until Redis has been asked again.",
			},
		},
	} {
		text, err := json.Marshal(test.sample)
		if err != nil {
			t.Fatal(err)
		}
		ask[bool](b, fmt.Sprintf("figures.show(%s), true", text))
		for selector, want := range test.want {
			if got := ask[string](b, fmt.Sprintf("document.querySelector(%q).textContent", selector)); got != want {
				t.Errorf("%s: %s has %q, want %q", name, selector, got, want)
			}
		}
	}
}
