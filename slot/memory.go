package slot

import (
	"context"
	"sync"
	"time"

	"github.com/goaroundhq/goaround/slot/book"
)

const (
	// bookLife is how long a book is kept after the last question: the rate that was learnt
	// is worth something for a while.
	bookLife = 15 * time.Minute
	// maxBooks bounds a Memory; a book has a few hundred bytes.
	maxBooks = 4096
	// noticeRoom is how many notices wait for a listener that is slow.
	noticeRoom = 16
)

// Memory is a [Store] in this process: all queues of the process that use it take turns with
// each other. It starts no goroutine. It keeps the books of about 4096 targets, each for 15
// minutes after the last question; beyond that, ones that were not asked for long make room.
// Those that somebody listens to stay.
type Memory struct {
	start time.Time
	mu    sync.Mutex
	swept time.Time
	pages map[string]*page
}

// page is what a Memory has of one target.
type page struct {
	book      book.Book
	asked     time.Time
	listeners map[chan book.Notice]struct{}
}

// NewMemory makes an empty store.
func NewMemory() *Memory {
	start := time.Now()
	return &Memory{start: start, swept: start, pages: make(map[string]*page)}
}

// Ask implements [Store]. It never waits.
func (m *Memory) Ask(ctx context.Context, target string, r book.Rules, a book.Ask) (book.Answer, error) {
	if err := ctx.Err(); err != nil {
		return book.Answer{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	p := m.page(target, now)
	if now.Sub(p.asked) >= bookLife {
		p.book = book.Book{}
	}
	p.asked = now
	answer := p.book.Step(r, book.Instant(now.Sub(m.start)/time.Microsecond), a)
	if answer.Push {
		for listener := range p.listeners {
			select {
			case listener <- answer.Notice:
			default: // it finds the gap in the numbers
			}
		}
	}
	return answer, nil
}

// Listen implements [Store].
func (m *Memory) Listen(ctx context.Context, target string, heard func(book.Notice)) error {
	listener := make(chan book.Notice, noticeRoom)
	m.mu.Lock()
	p := m.page(target, time.Now())
	if p.listeners == nil {
		p.listeners = make(map[chan book.Notice]struct{})
	}
	p.listeners[listener] = struct{}{}
	m.mu.Unlock()
	defer func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(p.listeners, listener)
	}()
	for {
		select {
		case n := <-listener:
			heard(n)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// page returns the target's page, a new one when there is none. The lock is held.
func (m *Memory) page(target string, now time.Time) *page {
	p := m.pages[target]
	if p == nil {
		if now.Sub(m.swept) >= bookLife {
			m.sweep(now)
		}
		if len(m.pages) >= maxBooks {
			m.evict()
		}
		p = &page{asked: now}
		m.pages[target] = p
	}
	return p
}

// sweep removes all pages that nobody needs any more. A page with listeners stays: they
// would hear of nothing.
func (m *Memory) sweep(now time.Time) {
	m.swept = now
	for target, p := range m.pages {
		if len(p.listeners) == 0 && now.Sub(p.asked) >= bookLife {
			delete(m.pages, target)
		}
	}
}

// evict removes of a few pages the one that was asked for the longest time ago. It looks at
// a few only, because where very many targets fail each of them comes here.
func (m *Memory) evict() {
	var oldest string
	var page *page
	tries := roomTries
	for target, p := range m.pages {
		if len(p.listeners) == 0 && (page == nil || p.asked.Before(page.asked)) {
			oldest, page = target, p
		}
		if tries--; tries == 0 {
			break
		}
	}
	if page != nil {
		delete(m.pages, oldest)
	}
}
