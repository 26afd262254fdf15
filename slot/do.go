package slot

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Judgement is what the error of an attempt means.
type Judgement struct {
	Retry bool // another attempt may end better, and does no harm
	// Result is what it says about the target's capacity. The zero value is Success: the
	// target did its work, as for an operation that must be tried again for a reason of its
	// own (a conflict of transactions). Whatever shows that the target has trouble needs
	// Failed or Rejected, or its callers do not take turns.
	Result Result
	Hint   time.Duration // what the target asked to wait; 0 for nothing
}

// DoOption configures [Do].
type DoOption func(*doConfig)

type doConfig struct {
	judge func(error) Judgement
	gated bool
}

// WithJudge decides what errors mean. The default is to try again after every error, and to
// count each as Failed. A context that has ended ends the call in any case, and so does
// an error of [Permanent]. It panics when judge is nil.
func WithJudge(judge func(error) Judgement) DoOption {
	if judge == nil {
		panic("slot: WithJudge(nil): must not be nil")
	}
	return func(c *doConfig) { c.judge = judge }
}

// WithGate lets first attempts wait for a slot too while the target has trouble, when the
// plan's pacer is a [Gate]. The default is that they go at once.
func WithGate() DoOption { return func(c *doConfig) { c.gated = true } }

// Permanent marks an error of an operation that trying again does not mend: [Do] makes no
// further attempt and returns err, in an *[Error] when it had tried before. The target did its
// work, as far as its pacer is told. The mark is for the Do that runs the operation, and ends
// there. nil stays nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return &permanent{err}
}

type permanent struct{ error }

func (p *permanent) Unwrap() error { return p.error }

// unmark returns the error without its mark, and whether it had one.
func unmark(err error) (plain error, final bool) {
	if mark, ok := err.(*permanent); ok { //nolint:errorlint // the error itself, not what it wraps
		plain, _ = unmark(mark.error)
		return plain, true
	}
	var mark *permanent
	if errors.As(err, &mark); mark != nil {
		return &settled{err}, true
	}
	return err, false
}

// settled is an error with a mark somewhere inside that has had its effect.
type settled struct{ error }

func (s *settled) Unwrap() error { return s.error }

// As has unmark find nothing here.
func (s *settled) As(target any) bool {
	_, ok := target.(**permanent)
	return ok
}

// Error is returned by [Do] when a call ended without success that was tried again, or would
// have been. It matches, by [errors.Is] and [errors.As], what Err and Stop match.
type Error struct {
	Target   string
	Attempts int
	// Err is the error of the last attempt, nil when there was none. When the context ended
	// while the call waited for its next attempt, it is the context's cause, joined with
	// that error.
	Err error
	// Stop is why there was no further attempt: it matches ErrAttempts, ErrDeadline or ErrHint,
	// or is the cause of a context that ended just as the attempt did. It is nil when the last
	// error was final, and when the context ended while the call waited.
	Stop error
}

func (e *Error) Error() string {
	attempts := "1 attempt"
	if e.Attempts != 1 {
		attempts = fmt.Sprintf("%d attempts", e.Attempts)
	}
	switch {
	case e.Stop == nil:
		return fmt.Sprintf("slot: gave up on %s after %s: %v", e.Target, attempts, e.Err)
	case e.Err == nil:
		return fmt.Sprintf("slot: gave up on %s after %s: %v", e.Target, attempts, e.Stop)
	default:
		return fmt.Sprintf("slot: gave up on %s after %s (%v): %v", e.Target, attempts, e.Stop, e.Err)
	}
}

// Unwrap returns Err and Stop, as far as they are not nil.
func (e *Error) Unwrap() (errs []error) {
	for _, err := range []error{e.Err, e.Stop} {
		if err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

// Do runs op until it succeeds or the plan ends the call, and returns its value. It is for
// what is not HTTP: operations of a database, a queue, an RPC. The target is what shares
// capacity, in the plan's pacer. The plan must not be nil. op gets ctx and is run in this
// goroutine, so a panic passes through.
//
// An operation that is not idempotent may have had its effect although it failed: give it
// Permanent errors, or a key, as idem.Do does.
//
// An attempt that is cut off by the context's deadline has failed, as far as the pacer is
// told; one whose caller leaves for another reason says nothing.
//
// An error that is final at the first attempt is returned as it came, any other as *[Error],
// of 0 attempts when there was no slot even for the first ([WithGate]).
func Do[T any](ctx context.Context, plan *Plan, target string, op func(context.Context) (T, error), opts ...DoOption) (T, error) {
	c := doCall{plan: plan, target: target}
	c.judge = func(error) Judgement { return Judgement{Retry: true, Result: Failed} }
	for _, opt := range opts {
		opt(&c.doConfig)
	}
	var none T
	if err := c.begin(ctx); err != nil {
		return none, err
	}
	defer func() { c.turn.Cancel() }() // when nobody was told how its attempt ended: op may panic
	for attempt := 1; ; attempt++ {
		start := time.Now()
		value, err := op(ctx)
		f := Feedback{Attempt: attempt, Latency: time.Since(start)}
		if err == nil {
			c.tell(f)
			return value, nil
		}
		if err := c.next(ctx, f, err); err != nil {
			return none, err
		}
	}
}

// doCall is a call of [Do] that goes on.
type doCall struct {
	doConfig
	plan   *Plan
	target string
	turn   Turn // of the attempt under way, until the pacer is told how it ended
}

// begin waits for the first attempt.
func (c *doCall) begin(ctx context.Context) (err error) {
	if !c.gated {
		return nil
	}
	c.turn, err = c.plan.admit(ctx, c.target)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrDeadline):
		return &Error{Target: c.target, Stop: err}
	default:
		return &Error{Target: c.target, Err: err}
	}
}

// next waits for the attempt after one that failed, or returns the error that the call ends
// with.
func (c *doCall) next(ctx context.Context, f Feedback, err error) error {
	err, final := unmark(err)
	judged := c.classify(ctx, err, final)
	f.Result = judged.Result
	failed := &Error{Target: c.target, Attempts: f.Attempt, Err: err}
	if !judged.Retry {
		if !abandoned(ctx) {
			c.tell(f)
		}
		if f.Attempt == 1 {
			return err
		}
		return failed
	}
	c.turn = Turn{} // Next tells the pacer
	turn, stop := c.plan.Next(ctx, c.target, f, judged.Hint)
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
	c.turn = turn
	return nil
}

func (c *doCall) classify(ctx context.Context, err error, final bool) Judgement {
	switch {
	case ctx.Err() != nil:
		return Judgement{Result: Failed}
	case final:
		return Judgement{Result: Success}
	default:
		return c.judge(err)
	}
}

// tell tells the pacer how the call ended.
func (c *doCall) tell(f Feedback) {
	c.turn = Turn{}
	c.plan.report(c.target, f)
}

// abandoned reports whether the caller left, for another reason than that it took too long.
func abandoned(ctx context.Context) bool {
	return errors.Is(ctx.Err(), context.Canceled) && !errors.Is(context.Cause(ctx), context.DeadlineExceeded)
}

// report tells the pacer, if there is one, how a call ended.
func (p *Plan) report(target string, f Feedback) {
	if p.Pacer != nil {
		p.Pacer.Report(target, f)
	}
}
