package server

import (
	"container/heap"
	"math"
	"time"
)

// waiter is a request that waits inside for a place.
type waiter struct {
	seat     *seat // nil when it has none
	number   uint64
	index    int // in the heap
	inRoom   bool
	admitted bool
	since    time.Duration // when admitted
	ready    chan struct{} // closed when admitted
}

// at is the slot that decides its turn. Who has none comes after all who have one.
func (w *waiter) at() time.Duration {
	if w.seat == nil {
		return math.MaxInt64
	}
	return w.seat.at
}

// waiters is a heap of those who wait: by slot, and among equals by arrival.
type waiters struct {
	heap    []*waiter
	arrived uint64
	inRoom  int // those who need room: they have no seat, or are early for it
}

func (w *waiters) join(seat *seat, inRoom bool) *waiter {
	w.arrived++
	one := &waiter{seat: seat, number: w.arrived, inRoom: inRoom, ready: make(chan struct{})}
	if inRoom {
		w.inRoom++
	}
	if seat != nil {
		seat.taken = true
	}
	heap.Push((*byTurn)(w), one)
	return one
}

// leave takes one out: it was admitted, or gives up.
func (w *waiters) leave(one *waiter) {
	heap.Remove((*byTurn)(w), one.index)
	if one.inRoom {
		w.inRoom--
	}
	if one.seat != nil {
		one.seat.taken = false
	}
}

type byTurn waiters

func (h *byTurn) Len() int { return len(h.heap) }

func (h *byTurn) Less(i, j int) bool {
	a, b := h.heap[i], h.heap[j]
	if a.at() != b.at() {
		return a.at() < b.at()
	}
	return a.number < b.number
}

func (h *byTurn) Swap(i, j int) {
	h.heap[i], h.heap[j] = h.heap[j], h.heap[i]
	h.heap[i].index, h.heap[j].index = i, j
}

func (h *byTurn) Push(x any) {
	one := x.(*waiter)
	one.index = len(h.heap)
	h.heap = append(h.heap, one)
}

func (h *byTurn) Pop() any {
	last := len(h.heap) - 1
	one := h.heap[last]
	h.heap[last] = nil
	h.heap = h.heap[:last]
	return one
}
