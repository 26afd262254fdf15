package skewtest_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/skew"
	"github.com/goaroundhq/goaround/skew/skewntp"
	"github.com/goaroundhq/goaround/skew/skewtest"
)

// A test of what your program does when an NTP server refuses to be asked.
func ExampleNewServer() {
	var t *testing.T // of your test
	server := skewtest.NewServer(t, func(n int) skewtest.Answer {
		if n == 1 {
			return skewtest.Answer{Kiss: "DENY"}
		}
		return skewtest.Answer{}
	})
	clock := skew.New(skew.WithSources(skewntp.New(server.Addr())))
	if _, err := clock.Sync(t.Context()); err == nil {
		t.Error("a server that refuses is believed")
	}
}

// A source that is right until the third time it is asked.
func ExampleSource() {
	source := &skewtest.Source{
		Label: "ntp1", Radius: time.Millisecond,
		Answer: func(_ context.Context, n int) (lie time.Duration, err error) {
			if n >= 3 {
				return time.Hour, nil
			}
			return 0, nil
		},
	}
	clock := skew.New(skew.WithSources(source))
	for range 3 {
		_, err := clock.Sync(context.Background())
		fmt.Println(err, clock.Offset().Round(time.Second))
	}
	// Output:
	// <nil> 0s
	// <nil> 0s
	// skew: surprising time, to be confirmed by a second round 0s
}
