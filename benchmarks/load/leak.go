package main

import (
	"net/http"
	"sync"
)

// leaks are what a server is to do wrong.
type leaks struct {
	Bytes      int // held of a request
	OneIn      int // requests, of which that is held
	Goroutines int // requests, at one of which a goroutine stays; 0 is none
}

// leak holds on to what it is told to.
type leak struct {
	next http.Handler
	leaks

	mu   sync.Mutex
	n    int // requests
	held [][]byte
}

func (l *leak) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	l.n++
	if l.Bytes > 0 && l.n%l.OneIn == 0 {
		l.held = append(l.held, make([]byte, l.Bytes))
	}
	strand := l.Goroutines > 0 && l.n%l.Goroutines == 0
	l.mu.Unlock()
	if strand {
		go func() { select {} }()
	}
	l.next.ServeHTTP(w, r)
}
