package slot

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Judgement is what the error of an attempt means.
type Judgement struct {
	Retry  bool          // another attempt may end better, and does no harm
	Result Result        // what it says about the target's capacity
	Hint   time.Duration // what the target asked to wait; 0 for nothing
}

// DoOption configures [Do].
type DoOption func(*doConfig)

type doConfig struct {
	judge func(error) Judgement
	gated bool
}

// WithJudge decides what errors mean. The default is to try again after every error, and to
// count each as Failed. Errors of the context end the call in any case, as do those of
// [Permanent]. It panics when judge is nil.
func WithJudge(judge func(error) Judgement) DoOption {
	if judge == nil {
		panic("slot: WithJudge(nil): must not be nil")
	}
	return func(c *doConfig) { c.judge = judge }
}

// WithGate lets first attempts wait for a slot too while the target has trouble, when the
// plan's pacer is a [Gate]. The default is that they go at once.
func WithGate() DoOption { return func(c *doConfig) { c.gated = true } }

// Permanent marks an error of an operation that trying again does not mend: [Do] returns
// err at once. The target did its work, for all that its pacer is told. nil stays nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return &permanent{err}
}

type permanent struct{ error }

func (p *permanent) Unwrap() error { return p.error }

// Error is returned by [Do] when a call ended without success that was tried again, or would
// have been. It matches, by [errors.Is] and [errors.As], what Err and Stop match.
type Error struct {
	Target   string
	Attempts int
	// Err is the error of the last attempt. When the context ended while the call waited
	// for its next attempt, it is the context's cause, joined with that error.
	Err error
	// Stop is why there was no further attempt: ErrAttempts, ErrDeadline or ErrHint. It is
	// nil when the last error was final.
	Stop error
}

func (e *Error) Error() string {
	attempts := "1 attempt"
	if e.Attempts != 1 {
		attempts = fmt.Sprintf("%d attempts", e.Attempts)
	}
	if e.Stop == nil {
		return fmt.Sprintf("slot: gave up on %s after %s: %v", e.Target, attempts, e.Err)
	}
	return fmt.Sprintf("slot: gave up on %s after %s (%v): %v", e.Target, attempts, e.Stop, e.Err)
}

// Unwrap returns Err and Stop.
func (e *Error) Unwrap() []error {
	if e.Stop == nil {
		return []error{e.Err}
	}
	return []error{e.Err, e.Stop}
}

// Do runs op until it succeeds or the plan ends the call, and returns its value. It is for
// what is not HTTP: operations of a database, a queue, an RPC. The target is what shares
// capacity, in the plan's pacer. op gets ctx and is run in this goroutine, so a panic passes
// through.
//
// An operation that is not idempotent may have had its effect although it failed: give it
// Permanent errors, or a key, as idem.Do does.
//
// An error that is final at the first attempt is returned as it came, any other as *[Error],
// of 0 attempts when there was no slot even for the first ([WithGate]).
func Do[T any](ctx context.Context, plan *Plan, target string, op func(context.Context) (T, error), opts ...DoOption) (T, error) {
	c := doConfig{judge: func(error) Judgement { return Judgement{Retry: true, Result: Failed} }}
	for _, opt := range opts {
		opt(&c)
	}
	var none T
	if c.gated {
		if err := plan.Admit(ctx, target); err != nil {
			return none, &Error{Target: target, Err: err}
		}
	}
	for attempt := 1; ; attempt++ {
		start := time.Now()
		value, err := op(ctx)
		f := Feedback{Attempt: attempt, Latency: time.Since(start)}
		if err == nil {
			plan.report(target, f)
			return value, nil
		}
		if err := c.next(ctx, plan, target, f, err); err != nil {
			return none, err
		}
	}
}

// next waits for the attempt after one that failed, or returns the error that the call ends
// with.
func (c *doConfig) next(ctx context.Context, plan *Plan, target string, f Feedback, err error) error {
	judged := c.classify(ctx, err)
	f.Result = judged.Result
	failed := &Error{Target: target, Attempts: f.Attempt, Err: err}
	if !judged.Retry {
		if ctx.Err() == nil { // else it says nothing about the target
			plan.report(target, f)
		}
		if f.Attempt == 1 {
			return err
		}
		return failed
	}
	turn, stop := plan.Next(ctx, target, f, judged.Hint)
	if stop != nil {
		failed.Stop = stop
		return failed
	}
	if waited := turn.Wait(ctx); waited != nil {
		if errors.Is(waited, ErrDeadline) {
			failed.Stop = waited
		} else {
			failed.Err = errors.Join(waited, err)
		}
		return failed
	}
	return nil
}

func (c *doConfig) classify(ctx context.Context, err error) Judgement {
	var final *permanent
	switch {
	case errors.As(err, &final):
		return Judgement{Result: Success}
	case ctx.Err() != nil:
		return Judgement{Result: Failed}
	default:
		return c.judge(err)
	}
}

// report tells the pacer, if there is one, how a call ended.
func (p *Plan) report(target string, f Feedback) {
	if p.Pacer != nil {
		p.Pacer.Report(target, f)
	}
}
