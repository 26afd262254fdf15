package transport_test

import (
	"cmp"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/transport"
)

// learner is a HedgeDelay that is told how long exchanges take.
type learner struct {
	delay   time.Duration // 0: not known yet
	observe func(took time.Duration)
}

func (l *learner) Delay(string) (time.Duration, bool)   { return l.delay, l.delay > 0 }
func (l *learner) Observe(_ string, took time.Duration) { l.observe(took) }

// What a delay is learned from: first exchanges that were answered, or overtaken.
func TestHedgeLearns(t *testing.T) {
	t.Parallel()
	ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
	for _, tt := range []struct {
		name    string
		unknown bool
		meth    string // GET if there is none
		lanes   []lane
		want    time.Duration // 0: nothing is learned
	}{
		{name: "an answer", lanes: []lane{{after: ms(50), code: 200}}, want: ms(50)},
		{name: "an answer after the delay", lanes: []lane{{after: ms(150), code: 200}, {after: time.Hour}}, want: ms(150)},
		{name: "overtaken", lanes: []lane{{after: time.Hour}, {after: ms(10), code: 200}}, want: ms(110)},
		{name: "a refusal", lanes: []lane{{after: ms(50), code: 503}}},
		{name: "an error", lanes: []lane{{after: ms(50), err: errBroken}}},
		{name: "a refusal, and a hedge that wins", lanes: []lane{{after: ms(150), code: 503}, {after: ms(300), code: 200}}},
		{name: "an error, and a hedge that wins", lanes: []lane{{after: ms(150), err: errBroken}, {after: ms(300), code: 200}}},
		{name: "a doubt", meth: "DELETE", lanes: []lane{{after: ms(50), code: 404}}, want: ms(50)},
		{name: "a doubt, and a hedge that wins", meth: "DELETE", lanes: []lane{{after: ms(150), code: 404}, {after: ms(300), code: 204}}, want: ms(150)},
		{name: "a doubt of the hedge alone", meth: "DELETE", lanes: []lane{{after: ms(500), err: errBroken}, {after: ms(10), code: 404}}},

		{name: "at first: an answer", unknown: true, lanes: []lane{{after: ms(50), code: 200}}, want: ms(50)},
		{name: "at first: a doubt", unknown: true, meth: "DELETE", lanes: []lane{{after: ms(50), code: 404}}, want: ms(50)},
		{name: "at first: a refusal", unknown: true, lanes: []lane{{after: ms(50), code: 503}}},
		{name: "at first: an error", unknown: true, lanes: []lane{{after: ms(50), err: errBroken}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var learned, want []time.Duration
				l := &learner{delay: hedgeDelay, observe: func(took time.Duration) { learned = append(learned, took) }}
				if tt.unknown {
					l.delay = 0
				}
				if tt.want > 0 {
					want = append(want, tt.want)
				}
				k := &track{lanes: tt.lanes}
				_, _, _ = roundTrip(t, transport.Hedge(transport.WithHedging(l))(k), newRequest(t, cmp.Or(tt.meth, "GET"), ""))
				synctest.Wait()
				if !slices.Equal(learned, want) || len(k.runs) != len(tt.lanes) {
					t.Errorf("learned %v, want %v, of %d exchanges", learned, want, len(k.runs))
				}
			})
		})
	}
}
