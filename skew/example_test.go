package skew_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/goaroundhq/goaround/skew"
	"github.com/goaroundhq/goaround/skew/skewtest"
)

// A token that expired one second ago is not surely expired on a machine whose
// clock may be off by two.
func ExampleReading_SurelyAfter() {
	clock := skew.New(skew.WithUncertainty(2 * time.Second))
	now := clock.Read()
	fmt.Println(now.SurelyAfter(now.Mid().Add(-time.Second)))
	fmt.Println(now.SurelyAfter(now.Mid().Add(-3 * time.Second)))
	// Output:
	// false
	// true
}

// One source of three lies: it is outvoted, and named. Real sources would be those of
// package skewntp.
func ExampleClock_Sync() {
	clock := skew.New(skew.WithSources(
		&skewtest.Source{Label: "ntp1", Radius: time.Millisecond},
		&skewtest.Source{Label: "ntp2", Radius: time.Millisecond, Answer: func(context.Context, int) (time.Duration, error) {
			return 5 * time.Second, nil
		}},
		&skewtest.Source{Label: "ntp3", Radius: time.Millisecond},
	))
	report, err := clock.Sync(context.Background())
	if err != nil {
		fmt.Println(err) // the clock can be read all the same
	}
	for _, s := range report.Sources {
		fmt.Println(s.Source, s.Result, s.Offset.Round(time.Second))
	}
	fmt.Println(clock.Read().Status)
	// Output:
	// ntp1 ok 0s
	// ntp2 falseticker 5s
	// ntp3 ok 0s
	// bounded
}

// The machine's clock is ten minutes slow, and then somebody repairs it. The correction
// goes, and the time stays right.
func ExampleClock_Offset() {
	machine := &skewtest.Machine{}
	machine.Step(-10 * time.Minute)
	clock := skew.New(skew.WithSystem(machine), skew.WithSources(&skewtest.Source{Label: "ntp", Radius: time.Millisecond}))
	if _, err := clock.Sync(context.Background()); err != nil {
		fmt.Println(err)
	}
	fmt.Println(clock.Offset().Round(time.Second), clock.Read().Status)
	machine.Step(10 * time.Minute)
	fmt.Println(clock.Offset().Round(time.Second), clock.Read().Status, time.Until(clock.Now()).Round(time.Second))
	// Output:
	// 10m0s bounded
	// 0s disrupted 0s
}

// Every response has a Date. Listening to those that pass by anyway tells a clock that is
// minutes wrong, for free.
func ExampleDateSource() {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()

	dates := skew.NewDateSource("dates")
	clock := skew.New(skew.WithSources(dates))

	client := &http.Client{Transport: dates.Step(http.DefaultTransport)} // or transport.WithDateSource(dates)
	if resp, err := client.Get(server.URL); err == nil {
		resp.Body.Close()
	}
	if _, err := clock.Sync(context.Background()); err != nil {
		fmt.Println(err)
	}
	fmt.Println(clock.Read().Status, clock.Read().Uncertainty() < 3*time.Second)
	client.CloseIdleConnections()
	// Output: bounded true
}

// A record becomes visible when its time is past on every machine's clock.
func ExampleClock_WaitUntilAfter() {
	clock := skew.New(skew.WithUncertainty(5 * time.Millisecond))
	stamp := clock.Read().Latest
	if err := clock.WaitUntilAfter(context.Background(), stamp); err != nil {
		fmt.Println(err)
	}
	fmt.Println(clock.Read().SurelyAfter(stamp))
	// Output: true
}

// A backoff with a little more for each attempt.
func ExampleUncertaintyPerAttempt() {
	backoff := func(int) time.Duration { return time.Second }
	padded := skew.UncertaintyPerAttempt(10 * time.Millisecond).Pad(backoff)
	fmt.Println(padded(1), padded(2), padded(3))
	// Output: 1.01s 1.02s 1.03s
}

// The time that Redis judges leases by: what its clients must agree on.
func ExampleStoreTime() {
	redisTime := func(context.Context) (time.Time, error) { // with go-redis: client.Time(ctx).Result()
		return time.Now(), nil
	}
	clock := skew.New(skew.WithSources(skew.StoreTime("redis", time.Microsecond, redisTime)))
	if _, err := clock.Sync(context.Background()); err != nil {
		fmt.Println(err)
	}
	fmt.Println(clock.Read().Status)
	// Output: bounded
}
