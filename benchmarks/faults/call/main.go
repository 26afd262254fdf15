package call

import (
	"context"
	"encoding/json"
	"sync"
	"time"
)

// Main is a process of callers. It ends when the last of its orders has.
func Main(in *json.Decoder, out *json.Encoder) error {
	var task Task
	if err := in.Decode(&task); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		_ = in.Decode(new(bool)) // the end of the input: nobody wants to know any more
		cancel()
	}()
	c, err := newClient(task)
	if err != nil {
		return err
	}
	defer c.close()
	go c.canary.run(ctx)
	orders, endings := make(chan int), make(chan Ending, 1024)
	go task.deal(ctx, orders)
	var callers sync.WaitGroup
	for range task.Callers {
		callers.Go(func() { c.work(ctx, orders, endings) })
	}
	go func() {
		callers.Wait()
		close(endings)
	}()
	return c.report(ctx, endings, out)
}

// deal hands the orders out, at the task's rate.
func (t Task) deal(ctx context.Context, orders chan<- int) {
	defer close(orders)
	begin, n := time.Now(), 0
	one := func(order int) bool {
		if t.Rate > 0 {
			due := begin.Add(time.Duration(float64(n) / t.Rate * float64(time.Second)))
			time.Sleep(time.Until(due))
			n++
		}
		select {
		case orders <- order:
			return true
		case <-ctx.Done():
			return false
		}
	}
	for _, order := range t.Again {
		if !one(order) {
			return
		}
	}
	for order := t.Next; order < t.Calls; order += t.Step {
		if !one(order) {
			return
		}
	}
}

// work is one caller. What has not ended when the process is to end, has no ending.
func (c *client) work(ctx context.Context, orders <-chan int, endings chan<- Ending) {
	for order := range orders {
		if e := c.place(ctx, order); ctx.Err() == nil {
			endings <- e
		}
	}
}

// report tells of what has ended since it told the last time, and of what should have. It does
// not wait for calls that never end when nobody wants to know any more.
func (c *client) report(ctx context.Context, endings <-chan Ending, out *json.Encoder) error {
	beats := time.NewTicker(beat)
	defer beats.Stop()
	for {
		var r Report
		select {
		case e, more := <-endings:
			if !more {
				return nil
			}
			r.Endings = append(r.Endings, e)
			for range len(endings) {
				r.Endings = append(r.Endings, <-endings)
			}
		case <-beats.C:
			if r.Overdue = c.canary.overdue(time.Now()); r.Overdue == nil {
				continue
			}
		case <-ctx.Done():
			return nil
		}
		r.Attempts = int(c.attempts.Swap(0))
		if err := out.Encode(r); err != nil {
			return err
		}
	}
}
