package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

const (
	// backlog is how many samples a page may be behind before its connection is closed: it
	// comes again, and begins with the history.
	backlog = 16
	// slow is how long a page may take to take one.
	slow = 5 * time.Second
)

// stream tells pages what happens, by server-sent events: first an event "history" with
// the samples of the last minute, and then each new one as a message.
type stream struct {
	mu      sync.Mutex
	history []sample // the oldest first
	pages   map[chan sample]struct{}
}

func newStream() *stream { return &stream{pages: make(map[chan sample]struct{})} }

// run samples until the context ends.
func (s *stream) run(ctx context.Context, m *meter) {
	next := time.NewTicker(tick)
	defer next.Stop()
	for {
		s.publish(m.sample())
		select {
		case <-ctx.Done():
			return
		case <-next.C:
		}
	}
}

func (s *stream) publish(x sample) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.history = append(s.history, x)
	s.history = s.history[max(0, len(s.history)-kept):]
	for page := range s.pages {
		select {
		case page <- x:
		default:
			delete(s.pages, page)
			close(page)
		}
	}
}

// join returns what happened, and what will.
func (s *stream) join() ([]sample, chan sample) {
	s.mu.Lock()
	defer s.mu.Unlock()
	page := make(chan sample, backlog)
	s.pages[page] = struct{}{}
	return append([]sample(nil), s.history...), page
}

func (s *stream) leave(page chan sample) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.pages, page)
}

// ServeHTTP is the stream of one page.
func (s *stream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	history, page := s.join()
	defer s.leave(page)
	if send(w, "retry: 1000\nevent: history\n", history) != nil {
		return
	}
	for {
		select {
		case <-r.Context().Done():
			return
		case x, ok := <-page:
			if !ok || send(w, "", x) != nil {
				return
			}
		}
	}
}

// send writes an event, the lines of its head first.
func send(w http.ResponseWriter, head string, data any) error {
	text, err := json.Marshal(data)
	if err != nil {
		return err
	}
	control := http.NewResponseController(w)
	if err := control.SetWriteDeadline(time.Now().Add(slow)); err != nil {
		return err
	}
	if _, err := io.WriteString(w, fmt.Sprintf("%sdata: %s\n\n", head, text)); err != nil {
		return err
	}
	return control.Flush()
}
