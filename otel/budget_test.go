package otel_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	goaroundotel "github.com/goaroundhq/goaround/otel"
	"github.com/goaroundhq/goaround/transport"
)

// What is left is looked at when metrics are collected, so it comes back by itself.
func TestBudgetShowsWhatIsLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMeters(t)
		b := transport.NewBudget()
		stop := goaroundotel.Budget(b, m.shop()...)
		const left = "retry.budget.left"
		m.want(t, map[string][]string{left: nil})
		b.Call("idle")
		for range 30 {
			b.Spend("busy", transport.FailureCost)
		}
		m.want(t, map[string][]string{left: {"busy 70", "idle 100.2"}})
		time.Sleep(time.Minute)
		m.want(t, map[string][]string{left: {"busy 100", "idle 100"}})
		stop()
		m.want(t, map[string][]string{left: nil})
	})
}

// Targets that share an account of the budget are seen, too.
func TestBudgetShowsTheSharedAccount(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMeters(t)
		b := transport.NewBudget()
		defer goaroundotel.Budget(b, m.shop(goaroundotel.WithMaxValues(1))...)()
		for i := range 1024 { // as many as have an account of their own
			b.Call(fmt.Sprint(i))
		}
		for b.Spend("late", transport.FailureCost) {
		}
		if got := m.series(t, "retry.budget.left"); !slices.Contains(got, "_OTHER 0") {
			t.Errorf("%q are left, want none for _OTHER", got)
		}
	})
}

// Of the targets that are not told apart the poorest is shown.
func TestBudgetTellsFewTargetsApart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMeters(t)
		b := transport.NewBudget()
		defer goaroundotel.Budget(b, m.shop(goaroundotel.WithMaxValues(1))...)()
		b.Spend("first", 1)
		m.want(t, map[string][]string{"retry.budget.left": {"first 99"}})
		for i := range 10 {
			b.Spend(fmt.Sprint("other", i), float64(i))
		}
		m.want(t, map[string][]string{"retry.budget.left": {"_OTHER 91", "first 99"}})
	})
}
