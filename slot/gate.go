package slot

import (
	"context"
	"errors"
	"time"
)

// Gate is an optional interface of a [Pacer] that also hands slots to first attempts,
// so that they do not push into a target that has trouble while others wait in line.
type Gate interface {
	// Admit returns at once: for a target without trouble with a reservation that
	// need not be waited for, without allocation; else with one that mostly is an
	// Awaiter. An error matching ErrDeadline says that no slot comes before the
	// context's deadline. Any other error lets the attempt go.
	Admit(ctx context.Context, target string) (Reservation, error)
}

// pass is the reservation of those who need not wait.
type pass struct{}

func (pass) Delay() time.Duration { return 0 }
func (pass) Cancel()              {}

// Admit waits until the first attempt of a call may be sent, when the plan's pacer is a
// [Gate]; without one, or when it fails, that is now. It returns an error matching ErrDeadline
// when no slot comes in time, and the context's cause when it ends first. While the target
// has no trouble it costs a few nanoseconds.
func (p *Plan) Admit(ctx context.Context, target string) error {
	_, err := p.admit(ctx, target)
	return err
}

// admit also returns the turn that was waited for, if there was one.
func (p *Plan) admit(ctx context.Context, target string) (Turn, error) {
	gate, ok := p.Pacer.(Gate)
	if !ok {
		return Turn{}, nil
	}
	r, err := gate.Admit(ctx, target)
	switch {
	case errors.Is(err, ErrDeadline):
		return Turn{}, err
	case err != nil || r == nil:
		return Turn{}, nil //nolint:nilerr // a broken gate is open
	}
	if _, free := r.(pass); free {
		return Turn{}, nil
	}
	turn := Turn{Delay: r.Delay(), Source: FromSlot, given: time.Now(), minAttempt: p.MinAttempt, reservation: r}
	if _, estimated := r.(Awaiter); !estimated && !turn.fits(ctx, turn.Delay) {
		turn.Cancel()
		return Turn{}, ErrDeadline
	}
	if err := turn.Wait(ctx); err != nil {
		return Turn{}, err
	}
	return turn, nil
}
