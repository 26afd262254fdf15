package skew_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/goaroundhq/goaround/skew"
)

// All observers are told, in order; functions that are nil are left out.
func TestSeveralObservers(t *testing.T) {
	t.Parallel()
	var log []string
	note := func(name string) skew.Option {
		return skew.WithObserver(skew.Observer{Synced: func(context.Context, skew.Report) { log = append(log, name) }})
	}
	c := skew.New(skew.WithSources(skew.Fixed(0, 0)), note("first"), skew.WithObserver(skew.Observer{}), note("second"))
	if _, err := c.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(log); got != "[first second]" {
		t.Errorf("told %s", got)
	}
}
