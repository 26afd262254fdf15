package idemredis

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/goaroundhq/goaround/idem"
)

// A record that is waited for is looked at again after a random time between these, in
// case the hint that it changed was lost.
const (
	pollMin = 500 * time.Millisecond
	pollMax = 2 * time.Second
)

// Wait implements [idem.Waiter]. All that wait in this store for one ID share one watcher,
// which asks the server at most about once a second, and all watchers share one
// connection, on which the server's hint arrives. A server that cannot be asked ends the
// wait with an error.
func (s *Store) Wait(ctx context.Context, id idem.ID) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w := s.waiting.join(s.key(id), id)
	defer s.waiting.leave(w)
	select {
	case <-w.ended:
		return w.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close ends the connection on which hints arrive for those who wait, which otherwise
// closes by itself a while after the last has gone, and returns when its goroutines have
// ended. It need not be called, and it does not close the client. The store stays usable;
// who waits from now on is served by looking again every second or so.
func (s *Store) Close() error {
	s.waiting.close()
	return nil
}

// watcher watches one record for all who wait for it here.
type watcher struct {
	key     string
	id      idem.ID
	waiters int           // under the lock of waiting, as is listening
	listens bool          // its channel shall be subscribed to
	changed chan struct{} // the server says that the record changed
	again   chan struct{} // hints may have been lost: look
	cancel  context.CancelFunc
	ended   chan struct{}
	err     error // read after ended
}

// join returns the watcher of the key, with one waiter more.
func (h *waiting) join(key string, id idem.ID) *watcher {
	h.mu.Lock()
	defer h.mu.Unlock()
	w := h.watchers[key]
	if w == nil {
		w = &watcher{
			key: key, id: id,
			changed: make(chan struct{}, 1), again: make(chan struct{}, 1), ended: make(chan struct{}),
		}
		var ctx context.Context
		ctx, w.cancel = context.WithCancel(context.Background())
		h.watchers[key] = w
		go func() {
			err := h.watch(ctx, w)
			h.mu.Lock()
			defer h.mu.Unlock()
			h.forget(w)
			w.err = err
			close(w.ended)
		}()
	}
	w.waiters++
	return w
}

// leave ends the watcher with its last waiter.
func (h *waiting) leave(w *watcher) {
	h.mu.Lock()
	defer h.mu.Unlock()
	w.waiters--
	if w.waiters == 0 {
		w.cancel()
		h.forget(w)
	}
}

// watch returns when the record is not pending, or no longer the one it was at first.
func (h *waiting) watch(ctx context.Context, w *watcher) error {
	first, err := h.store.look(ctx, w.id)
	if err != nil || first.state != idem.Pending {
		return err
	}
	h.listenFor(w)
	for last := first; ; {
		timer := time.NewTimer(min(pollMin+rand.N(pollMax-pollMin), last.leaseLeft+time.Millisecond))
		select {
		case <-w.changed:
			timer.Stop()
			return nil
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-w.again: // the subscription is there, for the first time or again
		case <-timer.C:
		}
		timer.Stop()
		last, err = h.store.look(ctx, w.id)
		if err != nil || last.state != idem.Pending || last.fence != first.fence {
			return err
		}
	}
}

// look reads the record's state, and marks a pending one so that its end is told.
func (s *Store) look(ctx context.Context, id idem.ID) (answer, error) {
	r, err := s.run(ctx, lookScript, id)
	if err != nil {
		return answer{}, err
	}
	if errors.Is(r.Err(), redis.Nil) {
		return answer{}, nil
	}
	a, err := readAnswer(r.Text())
	return a, s.explain(lookScript, id, err)
}
