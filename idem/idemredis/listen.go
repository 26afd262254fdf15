package idemredis

import (
	"context"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// idleAfter is how long the subscription is kept when nobody waits.
const idleAfter = 10 * time.Second

// waiting is what those who wait in one store share: a watcher for each record, and one
// subscription for all of them, whose channels are the keys.
type waiting struct {
	store *Store
	idle  time.Duration

	mu        sync.Mutex
	watchers  map[string]*watcher // by key
	stale     map[string]bool     // keys whose subscription may have to change
	kick      chan struct{}       // there are stale keys
	listening bool
	stop      context.CancelFunc // of the listener
	closed    bool
	listener  sync.WaitGroup
}

func (h *waiting) init(s *Store) {
	h.store, h.idle = s, idleAfter
	h.watchers, h.stale = make(map[string]*watcher), make(map[string]bool)
	h.kick = make(chan struct{}, 1)
}

// listenFor subscribes to the channel of the watcher.
func (h *waiting) listenFor(w *watcher) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed || h.watchers[w.key] != w {
		return
	}
	w.listens = true
	if !h.listening {
		h.listening = true
		var ctx context.Context
		ctx, h.stop = context.WithCancel(context.Background())
		h.listener.Go(func() { h.listen(ctx) })
	}
	h.refresh(w.key)
}

// forget removes a watcher, when it is not removed yet. The lock is held.
func (h *waiting) forget(w *watcher) {
	if h.watchers[w.key] == w {
		delete(h.watchers, w.key)
		h.refresh(w.key)
	}
}

// refresh has the listener, if there is one, look at the key. The lock is held.
func (h *waiting) refresh(key string) {
	if h.listening {
		h.stale[key] = true
		signal(h.kick)
	}
}

// deafen ends the listener, if there is one. The lock is held.
func (h *waiting) deafen() {
	if h.listening {
		h.listening = false
		h.stop()
		clear(h.stale)
	}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // it has been told already
	}
}

// listen keeps the subscription until nobody has waited for a while. Errors are left to
// go-redis, which connects and subscribes again, and to the watchers, who poll.
func (h *waiting) listen(ctx context.Context) {
	sub := h.store.client.Subscribe(ctx)
	received := make(chan struct{})
	go func() {
		defer close(received)
		for message := range sub.ChannelWithSubscriptions() {
			h.receive(message)
		}
	}()
	defer func() { <-received }()
	defer sub.Close() //nolint:errcheck // it was for hints only

	subscribed := make(map[string]bool)
	idle := time.NewTimer(h.idle)
	defer idle.Stop()
	for {
		add, remove := h.changes(subscribed)
		if len(add) > 0 {
			_ = sub.Subscribe(ctx, add...)
		}
		if len(remove) > 0 {
			_ = sub.Unsubscribe(ctx, remove...)
		}
		if len(subscribed) == 0 {
			idle.Reset(h.idle)
		} else {
			idle.Stop()
		}
		select {
		case <-h.kick:
		case <-idle.C:
			if h.endIdle() {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// changes brings subscribed up to date and says what that takes.
func (h *waiting) changes(subscribed map[string]bool) (add, remove []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for key := range h.stale {
		w := h.watchers[key]
		wanted := w != nil && w.listens
		switch {
		case wanted && !subscribed[key]:
			subscribed[key] = true
			add = append(add, key)
		case !wanted && subscribed[key]:
			delete(subscribed, key)
			remove = append(remove, key)
		}
	}
	clear(h.stale)
	return add, remove
}

// endIdle lets the listener end, unless somebody has come meanwhile.
func (h *waiting) endIdle() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.watchers) > 0 {
		return false
	}
	h.deafen()
	return true
}

// receive passes on what arrives for a channel: a hint, or that the subscription is
// there, before which hints may have been lost.
func (h *waiting) receive(message any) {
	var key string
	var hint bool
	switch m := message.(type) {
	case *redis.Message:
		key, hint = m.Channel, true
	case *redis.Subscription:
		key = m.Channel
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	switch w := h.watchers[key]; {
	case w == nil:
	case hint:
		signal(w.changed)
	default:
		signal(w.again)
	}
}

func (h *waiting) close() {
	h.mu.Lock()
	h.closed = true
	h.deafen()
	h.mu.Unlock()
	h.listener.Wait()
}
