package skewntp_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/skew"
	"github.com/goaroundhq/goaround/skew/skewntp"
	"github.com/goaroundhq/goaround/skew/skewtest"
)

// Whatever a server answers, it never makes an interval that is none, nor one that is wider
// than the gate lets through.
func FuzzAnswer(f *testing.F) {
	packet := func(a skewtest.Answer) []byte {
		answers := make(chan []byte, 1)
		a.Mangle = func(p []byte) [][]byte { answers <- p; return [][]byte{p} }
		local := skew.NewLocal(nil)
		_, _ = skewntp.New(skewtest.NewServer(f, always(a)).Addr()).Measure(f.Context(), local) // only the packet counts
		return <-answers
	}
	for _, a := range []skewtest.Answer{
		{}, {Stratum: 16}, {Leap: skewtest.LeapInsert}, {Leap: skewtest.LeapUnsynchronized}, {Kiss: "RATE", Poll: 17},
		{Kiss: "DENY"}, {Precision: 127}, {Precision: -128}, {RootDelay: 65535 * time.Second}, {RootDispersion: time.Second},
		{Offset: 60 * 365 * 24 * time.Hour}, {Offset: -50 * 365 * 24 * time.Hour}, {Processing: time.Hour}, {Age: -time.Hour},
	} {
		f.Add(packet(a))
	}
	var answer atomic.Pointer[[]byte]
	server := skewtest.NewServer(f, always(skewtest.Answer{Mangle: func(p []byte) [][]byte {
		data := *answer.Load()
		padded := make([]byte, max(len(data), 48))
		copy(padded, data)
		copy(padded[24:32], p[24:32]) // else it is not looked at
		return [][]byte{padded}
	}}))
	f.Fuzz(func(t *testing.T, data []byte) {
		data = data[:min(len(data), 4096)]
		answer.Store(&data)
		local := skew.NewLocal(nil)
		s, err := skewntp.New(server.Addr()).Measure(t.Context(), local)
		if err != nil {
			return
		}
		const gate = skewntp.DefaultMaxRootDistance + time.Second // and a leap second
		if s.Low > s.High || s.High-s.Low > 2*gate {
			t.Errorf("[%v, %v] is no interval", s.Low, s.High)
		}
	})
}
