package skewntp_test

import (
	"context"
	"log/slog"
	"time"

	"github.com/goaroundhq/goaround/skew"
	"github.com/goaroundhq/goaround/skew/skewntp"
)

// Three servers of your own, which may be asked once a minute. The clock can be read at
// once, and says Unknown until they were heard.
func ExampleServers() {
	clock := skew.New(
		skew.WithSources(skewntp.Servers(
			[]string{"ntp1.example.com", "ntp2.example.com", "ntp3.example.com"},
			skewntp.WithMinInterval(time.Minute),
		)...),
		skew.WithInterval(time.Minute),
		skew.WithLogger(slog.Default()),
	)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go clock.Run(ctx)

	reading := clock.Read()
	slog.Info("now", "mid", reading.Mid(), "uncertainty", reading.Uncertainty(), "status", reading.Status)
}
