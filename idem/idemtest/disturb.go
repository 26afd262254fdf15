package idemtest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/idem"
)

// Disturb puts a bad connection in front of a store, to test what a guard, a service or
// anything else makes of it. Each call suffers the first fault that a schedule has for it,
// and none when none has.
//
// What comes back is never [idem.Local]. It is an [idem.Waiter], an [idem.Recaller] and an
// [idem.Admin] by what the store can; without a bad connection for the latter two, so that a
// test can look at what the store holds, and take it away (Purge).
//
// When the test ends, requests that are still delayed are dropped, and nothing reaches the
// store any more.
func Disturb(t testing.TB, store idem.Store, schedules ...Schedule) idem.Store {
	d := &disturbed{Admin: idem.AdminOf(store), store: store, schedules: schedules, calls: make(map[Call]int)}
	d.recaller, _ = store.(idem.Recaller)
	d.over, d.finish = context.WithCancel(context.Background())
	t.Cleanup(d.end)
	return d
}

type disturbed struct {
	idem.Admin // of the store, which is left alone

	store     idem.Store
	recaller  idem.Recaller // nil when the store is none
	schedules []Schedule

	mu      sync.Mutex
	calls   map[Call]int // by Op and ID
	ended   bool
	over    context.Context // ends with the test
	finish  context.CancelFunc
	sending sync.WaitGroup
}

var errOver = errors.New("idemtest: the test is over")

// end stops the calls under way, and lets no others begin.
func (d *disturbed) end() {
	d.mu.Lock()
	d.ended = true
	d.mu.Unlock()
	d.finish()
	d.sending.Wait()
}

// begin notes a call and decides what will go wrong with it.
func (d *disturbed) begin(op Op, id idem.ID) (Fault, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ended {
		return Fault{}, errOver
	}
	d.sending.Add(1)
	call := Call{Op: op, ID: id}
	d.calls[call]++
	call.N = d.calls[call]
	for _, schedule := range d.schedules {
		if f := schedule(call); f != (Fault{}) {
			return f, nil
		}
	}
	return Fault{}, nil
}

// pause returns early with an error when the caller gives up or the test is over.
func (d *disturbed) pause(ctx context.Context, delay time.Duration) error {
	if delay <= 0 {
		return nil
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-d.over.Done():
		return errOver
	}
}

// send takes a step, or does not, as the fault has it.
func send[T any](ctx context.Context, d *disturbed, op Op, id idem.ID, step func(context.Context, Fault) (T, error)) (answer T, err error) {
	if err := ctx.Err(); err != nil {
		return answer, err
	}
	f, err := d.begin(op, id)
	if err != nil {
		return answer, err
	}
	var none T
	answer, err = deliver(ctx, d, f, step)
	if f.DelayRequest > 0 && ctx.Err() != nil {
		return none, ctx.Err()
	}
	if late := d.pause(ctx, f.DelayReply); late != nil {
		return none, late
	}
	if f.LoseRequest || f.LoseReply {
		return none, f.err()
	}
	return answer, err
}

// deliver brings the request to the store. One that is delayed does not know what becomes
// of its sender.
func deliver[T any](ctx context.Context, d *disturbed, f Fault, step func(context.Context, Fault) (T, error)) (answer T, err error) {
	take := func(ctx context.Context) (answer T, err error) {
		defer d.sending.Done()
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(d.over, cancel)()
		if err := d.pause(ctx, f.DelayRequest); err != nil || f.LoseRequest {
			return answer, err
		}
		if f.Twice {
			_, _ = step(ctx, f)
		}
		return step(ctx, f)
	}
	if f.DelayRequest <= 0 {
		return take(ctx)
	}
	arrived := make(chan struct{})
	var late T
	var lateErr error
	go func() {
		defer close(arrived)
		late, lateErr = take(context.WithoutCancel(ctx))
	}()
	select {
	case <-arrived:
		return late, lateErr
	case <-ctx.Done():
		return answer, ctx.Err()
	}
}

// tell is send for steps whose only answer is an error.
func (d *disturbed) tell(ctx context.Context, op Op, id idem.ID, step func(context.Context, Fault) error) error {
	_, err := send(ctx, d, op, id, func(ctx context.Context, f Fault) (struct{}, error) {
		if f.Forget {
			return struct{}{}, nil
		}
		return struct{}{}, step(ctx, f)
	})
	return err
}
