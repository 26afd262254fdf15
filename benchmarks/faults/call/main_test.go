package call

import (
	"context"
	"encoding/json"
	"io"
	"testing"
	"time"
)

// A call that never comes back is told of, and nobody waits for it when the process is to end.
func TestReportsWhatIsOverdue(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c := &client{canary: newCanary()}
	go c.canary.run(ctx)
	c.canary.begin(7, time.Now())
	in, out := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- c.report(ctx, make(chan Ending), json.NewEncoder(out))
		_ = out.Close()
	}()
	var last time.Duration
	reports := json.NewDecoder(in)
	for range 3 {
		var r Report
		if err := reports.Decode(&r); err != nil {
			t.Fatal(err)
		}
		o := r.Overdue
		if o == nil || o.Order != 7 || o.Running <= Tolerance || o.Late <= last {
			t.Fatalf("%+v, want that order 7 is overdue, more and more", r)
		}
		last = o.Late
	}
	cancel()
	go func() { _, _ = io.Copy(io.Discard, in) }() // what it was about to say
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
