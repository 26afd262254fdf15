package skewntp_test

import (
	"context"
	"fmt"

	"github.com/goaroundhq/goaround/skew"
	"github.com/goaroundhq/goaround/skew/skewntp"
)

// A job that ends soon asks once. Three servers are the fewest of which one may lie.
func ExampleNew() {
	clock := skew.New(skew.WithSources(
		skewntp.New("ntp1.example.com"),
		skewntp.New("ntp2.example.com"),
		skewntp.New("ntp3.example.com:1123"),
	))
	report, err := clock.Sync(context.Background())
	if err != nil {
		fmt.Println(err) // the clock can be read all the same, and says Unknown
	}
	fmt.Println(report.Agreeing, "of", report.Voting, "agree:", report.Offset, "give or take", report.Uncertainty)
}
