package slot

import (
	"context"
	"time"

	"github.com/goaroundhq/goaround/slot/book"
)

const (
	// earLife is how long notices of a target that is not clear are listened for when
	// nothing else happens, not even a notice.
	earLife = 10 * time.Second
	// deafTime is how long a store is left alone whose notices cannot be listened for.
	deafTime = 5 * time.Second
)

// ears are what a line listens with while its target is not clear.
type ears struct {
	stop  context.CancelFunc // nil: nobody listens
	until time.Time          // when to stop
	deaf  time.Time          // until when it makes no sense to listen
}

func (e *ears) open() bool { return e.stop != nil }

// end is when to stop listening.
func (e *ears) end() (time.Time, bool) { return e.until, e.open() }

func (e *ears) shut() {
	if e.open() {
		e.stop()
		e.stop = nil
	}
}

// listen begins or ends listening, as the member's mode demands. Who keeps the books alone
// has nobody to listen to.
func (l *line) listen() {
	if l.queue.alone {
		return
	}
	now := time.Now()
	if !l.member.Clear() {
		l.ears.until = l.active.Add(earLife)
	}
	switch {
	case l.ears.open() && !now.Before(l.ears.until):
		l.ears.shut()
	case !l.ears.open() && now.Before(l.ears.until) && !now.Before(l.ears.deaf):
		ctx, cancel := context.WithCancel(context.Background())
		l.ears.stop = cancel
		l.queue.running.Go(func() { l.hear(ctx, cancel) })
	}
}

// hear listens until ctx ends or the store gives up.
func (l *line) hear(ctx context.Context, cancel context.CancelFunc) {
	defer cancel()
	err := l.queue.config.store.Listen(ctx, l.target, func(n book.Notice) {
		l.mu.Lock()
		defer l.unlock()
		if ctx.Err() == nil {
			l.member.Heard(l.queue.now(), n)
			l.seen(n.Mode)
		}
	})
	if ctx.Err() != nil {
		return
	}
	l.mu.Lock()
	defer l.unlock()
	if ctx.Err() != nil {
		return // somebody shut these ears meanwhile
	}
	l.ears.shut()
	l.ears.deaf = time.Now().Add(deafTime)
	if tell := l.queue.config.observer.Polling; tell != nil {
		l.news = append(l.news, func() { tell(context.Background(), PollingInfo{Target: l.target, Err: err}) })
	}
}
