package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/goaroundhq/goaround/server"
)

// arrivals is when requests came, by the column of the chart.
type arrivals struct {
	mu      sync.Mutex
	first   time.Time
	columns []int
	all     int
	claimed int
}

func (a *arrivals) observer() server.AdmissionObserver {
	return server.AdmissionObserver{Decided: func(_ context.Context, e server.Entry) {
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.first.IsZero() {
			a.first = time.Now()
		}
		at := int(time.Since(a.first) / column)
		for len(a.columns) <= at {
			a.columns = append(a.columns, 0)
		}
		a.columns[at]++
		a.all++
		if e.Claimed {
			a.claimed++
		}
	}}
}

func (a *arrivals) print(out io.Writer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	fmt.Fprintf(out, "%d requests, %d with a ticket for a seat\n", a.all, a.claimed)
	for i, n := range a.columns {
		if n > 0 {
			fmt.Fprintf(out, "  %4.2f s %4d  %s\n", (time.Duration(i) * column).Seconds(), n, strings.Repeat("#", (n+1)/2))
		}
	}
}
