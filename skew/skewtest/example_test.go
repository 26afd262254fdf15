package skewtest_test

import (
	"context"
	"fmt"
	"time"

	"github.com/goaroundhq/goaround/skew"
	"github.com/goaroundhq/goaround/skew/skewtest"
)

// Somebody sets the clock of a machine ten minutes back: the reading does not follow.
func ExampleMachine() {
	machine := new(skewtest.Machine)
	clock := skew.New(skew.WithSystem(machine), skew.WithSources(
		&skewtest.Source{Label: "right", Radius: time.Millisecond},
	))
	if _, err := clock.Sync(context.Background()); err != nil {
		fmt.Println(err)
		return
	}
	machine.Step(-10 * time.Minute)

	wall, _ := machine.Read()
	fmt.Println("the machine is off by", time.Until(wall).Round(time.Minute))
	reading := clock.Read()
	fmt.Println("the reading by", time.Until(reading.Mid()).Round(time.Minute), reading.Status)
	// Output:
	// the machine is off by -10m0s
	// the reading by 0s disrupted
}
