package idem

import (
	"context"
	"sync"
	"time"
)

const (
	keepers = 16
	// A lease is looked after in this many beats: it is renewed when it is two beats
	// old, and over when it is all of them old.
	leaseBeats  = 6
	renewalBeat = 2
)

// keeper renews the leases of a share of a guard's claims, on one timer for all of
// them that runs only while there are any. Almost every operation ends before its
// first renewal, so starting and ending one costs a lock and a list, not a timer.
//
// Time is counted in beats since epoch, as of the last tick: a claim may be up to a
// beat younger than it looks, so it is renewed early rather than late.
type keeper struct {
	mu    sync.Mutex
	every time.Duration
	epoch time.Time
	beat  int64
	armed bool
	held  renewal // the ring of claims: its next and prev are the ends
}

// renewal is a claim's place with its keeper, whose lock protects it.
type renewal struct {
	prev, next *renewal // nil when the operation has ended
	held       *Held
	confirmed  int64              // the beat at which the lease was last asked for and given
	asked      int64              // the beat of the renewal under way
	due        int64              // the beat at which to ask again
	stop       context.CancelFunc // ends a renewal under way; nil when none is
}

func (k *keeper) init(lease time.Duration) {
	k.every, k.epoch = max(lease/leaseBeats, 1), time.Now()
	k.held.next, k.held.prev = &k.held, &k.held
}

// start looks after a claim that was given just now.
func (k *keeper) start(h *Held) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.armed {
		k.armed = true
		k.beat = int64(time.Since(k.epoch) / k.every)
		time.AfterFunc(k.every, k.tick)
	}
	r := &h.renewal
	r.held, r.confirmed, r.due = h, k.beat, k.beat+renewalBeat
	r.prev, r.next = k.held.prev, &k.held
	r.prev.next, r.next.prev = r, r
}

// end stops looking after a claim. A call to the store that is under way is cancelled.
func (k *keeper) end(h *Held) {
	k.mu.Lock()
	defer k.mu.Unlock()
	r := &h.renewal
	r.prev.next, r.next.prev = r.next, r.prev
	r.prev, r.next = nil, nil
	if r.stop != nil {
		r.stop()
	}
}

// tick runs on the timer's goroutine.
func (k *keeper) tick() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.beat = int64(time.Since(k.epoch) / k.every)
	if k.armed = k.held.next != &k.held; !k.armed {
		return
	}
	for r := k.held.next; r != &k.held; r = r.next {
		if r.due <= k.beat && r.stop == nil {
			r.asked = k.beat
			var ctx context.Context
			ctx, r.stop = context.WithCancel(context.WithoutCancel(&r.held.ctx))
			go k.renew(ctx, r.held)
		}
	}
	time.AfterFunc(k.every, k.tick)
}

func (k *keeper) renew(ctx context.Context, h *Held) {
	err := h.extend(ctx)
	if age, running := k.renewed(h, err); running {
		h.judge(err, age)
	}
}

// renewed notes the store's answer. It reports how long ago the store last gave the
// lease, at most, and whether the operation still runs.
func (k *keeper) renewed(h *Held, err error) (age time.Duration, running bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	r := &h.renewal
	r.stop()
	r.stop = nil
	if err == nil {
		r.confirmed, r.due = r.asked, r.asked+renewalBeat
	} // else with the next tick
	return time.Duration(k.beat-r.confirmed) * k.every, r.next != nil
}
