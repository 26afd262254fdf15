package slottest

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/goaroundhq/goaround/slot/book"
)

var listenRules = []rule{
	{"Listen/HearsWhatIsPushed", func(e *env) {
		target := e.target()
		one, two := e.listen(target), e.listen(target)
		told := e.tell(target, one, two)
		for _, l := range []*listener{one, two} {
			for _, n := range l.take() {
				if want, ok := told[n.Seq]; !ok || n != want {
					e.Errorf("heard %+v, told was %+v", n, want)
				}
			}
		}
	}},
	{"Listen/HearsOfItsTargetOnly", func(e *env) {
		target, other := e.target(), e.target()
		e.ask(target, book.Rules{}, book.Ask{New: 7}) // what is told of it is not what is of the other
		here, there := e.listen(target), e.listen(other)
		told := e.tell(other, there)
		e.tell(target, here)
		for _, n := range there.take() {
			if n != told[n.Seq] {
				e.Errorf("heard %+v, told of this target was %+v", n, told)
			}
		}
	}},
	{"Listen/ReturnsWhenItsContextEnds", func(e *env) {
		l := e.listen(e.target())
		if err := l.stop(); !errors.Is(err, context.Canceled) {
			e.Errorf("Listen = %v, want context.Canceled", err)
		}
		l = e.listen(e.target())
		e.tell(l.target, l)
		if err := l.stop(); !errors.Is(err, context.Canceled) {
			e.Errorf("Listen = %v, want context.Canceled", err)
		}
	}},
	{"Listen/AnEndedContextIsAnError", func(e *env) {
		ctx, cancel := context.WithCancel(e.Context())
		cancel()
		err := e.within("Listen with an ended context", func() error {
			return e.store.Listen(ctx, e.target(), func(book.Notice) {})
		})
		if !errors.Is(err, context.Canceled) {
			e.Errorf("Listen = %v, want context.Canceled", err)
		}
	}},
	{"Listen/CallsOneAtATime", func(e *env) {
		target := e.target()
		l := e.listen(target)
		l.slow.Store(true)
		for range 3 {
			e.tell(target, l)
			l.take()
		}
		if l.overlaps.Load() > 0 {
			e.Errorf("heard was called %d times before it had returned", l.overlaps.Load())
		}
	}},
	{"Listen/CallsNobodyAfterItReturned", func(e *env) {
		target := e.target()
		gone, here := e.listen(target), e.listen(target)
		e.tell(target, gone, here)
		_ = gone.stop()
		gone.take()
		here.take()
		e.tell(target, here)
		if n := gone.take(); len(n) > 0 {
			e.Errorf("heard %+v after Listen had returned", n)
		}
	}},
}

// listener listens in the background.
type listener struct {
	e        *env
	target   string
	notices  chan book.Notice
	running  atomic.Int32
	overlaps atomic.Int32
	slow     atomic.Bool
	cancel   context.CancelFunc
	ended    chan error
}

// listen listens until the rule is over.
func (e *env) listen(target string) *listener {
	ctx, cancel := context.WithCancel(context.WithoutCancel(e.Context()))
	l := &listener{e: e, target: target, notices: make(chan book.Notice, 10000), cancel: cancel, ended: make(chan error, 1)}
	go func() { l.ended <- e.store.Listen(ctx, target, l.hear) }()
	e.Cleanup(func() { _ = l.stop() })
	return l
}

func (l *listener) hear(n book.Notice) {
	if l.running.Add(1) > 1 {
		l.overlaps.Add(1)
	}
	if l.slow.Load() {
		time.Sleep(5 * time.Millisecond)
	}
	l.notices <- n
	l.running.Add(-1)
}

// take returns what was heard since the last time.
func (l *listener) take() (heard []book.Notice) {
	for {
		select {
		case n := <-l.notices:
			heard = append(heard, n)
		default:
			return heard
		}
	}
}

// stop ends listening, and returns what Listen returned.
func (l *listener) stop() error {
	l.cancel()
	err := l.e.within("Listen", func() error { return <-l.ended })
	l.ended <- err
	return err
}

// tell has things told of the target until all have heard something, because nobody knows
// when a listener is ready. It returns what was told, by its number.
func (e *env) tell(target string, all ...*listener) map[int64]book.Notice {
	e.Helper()
	told := map[int64]book.Notice{}
	e.outageOf(target, told)
	e.eventually("all who listen hear something", func() bool {
		if a := e.ask(target, book.Rules{}, book.Ask{Probed: true}); a.Push {
			told[a.Seq] = a.Notice
		}
		for _, l := range all {
			if len(l.notices) == 0 {
				return false
			}
		}
		return true
	})
	return told
}

func (e *env) outageOf(target string, told map[int64]book.Notice) {
	e.Helper()
	if a := e.outage(target); a.Push {
		told[a.Seq] = a.Notice
	}
}
