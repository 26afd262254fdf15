package slottest_test

import (
	"testing"

	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/slot/slottest"
)

// The test of a store that you wrote, here one that does no input or output.
func ExampleRun() {
	var t *testing.T // of your test
	slottest.Run(t, slottest.Target{
		Open:   func(*testing.T) slot.Store { return slot.NewMemory() },
		Bubble: true,
	})
}

// The test of a pacer that you wrote.
func ExampleRunPacer() {
	var t *testing.T // of your test
	slottest.RunPacer(t, slottest.PacerTarget{
		Open:   func(*testing.T) slot.Pacer { return &slot.Ring{} },
		Bubble: true,
	})
}
