package faults_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// server counts what reaches it and answers with a text.
type server struct {
	*httptest.Server
	seen atomic.Int32
	base *http.Transport
}

const text = "the whole response"

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{base: &http.Transport{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		s.seen.Add(1)
		_, _ = io.WriteString(w, text)
	}))
	t.Cleanup(func() {
		s.base.CloseIdleConnections()
		s.Close()
	})
	return s
}

// closeCounter is a body that knows how often it was closed.
type closeCounter struct {
	io.Reader
	closed atomic.Int32
}

func (c *closeCounter) Close() error {
	c.closed.Add(1)
	return nil
}

func post(t *testing.T, url string) (*http.Request, *closeCounter) {
	t.Helper()
	body := &closeCounter{Reader: strings.NewReader("content")}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, body)
	if err != nil {
		t.Fatal(err)
	}
	return req, body
}
