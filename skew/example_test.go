package skew_test

import (
	"fmt"
	"time"

	"github.com/goaroundhq/goaround/skew"
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
