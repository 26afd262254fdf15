package server_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/idem"
)

// marked answers with what its client sent, many times over, in one of the ways in which
// handlers answer, and some of which leave memory behind that is used again.
func marked(w http.ResponseWriter, r *http.Request) {
	mark := r.Header.Get("X-Mark")
	w.Header().Set("X-Mark", mark)
	var n int
	var how string
	if _, err := fmt.Sscanf(r.URL.Path, "/%d/%s", &n, &how); err != nil {
		panic(err)
	}
	body := strings.Repeat(mark+" ", n)
	sent, err := io.ReadAll(r.Body)
	switch {
	case err != nil: // it has gone
	case string(sent) != body:
		_, _ = io.WriteString(w, "the body of another request")
		return
	}
	switch how {
	case "flushes":
		_, _ = io.WriteString(w, body[:len(body)/2])
		w.(http.Flusher).Flush()
		_, _ = io.WriteString(w, body[len(body)/2:])
	case "panics":
		_, _ = io.WriteString(w, body)
		panic(http.ErrAbortHandler)
	case "lingers":
		_, _ = io.WriteString(w, body)
		go func() {
			for range 100 {
				_, _ = w.Write([]byte(late))
				_, _ = r.Body.Read(make([]byte, 1))
			}
		}()
	default:
		_, _ = io.WriteString(w, body)
	}
}

// late is what goes on being written when a handler returns.
const late = "late "

// However many callers there are at once, and however their requests end, each gets what is
// its own: no buffer that one has left goes to another before it is empty.
func TestResponsesOfManyAtOnceDoNotMix(t *testing.T) {
	t.Parallel()
	const callers, requests = 8, 80
	s := serve(t, marked)
	s.client.Transport.(*http.Transport).MaxIdleConnsPerHost = callers
	ways := []string{"writes", "flushes", "panics", "lingers", "writes", "leaves"}
	sizes := []int{1, 50, 5_000, 100_000}
	var all sync.WaitGroup
	for caller := range callers {
		all.Go(func() {
			for i := range requests {
				how, size := ways[(caller+i)%len(ways)], sizes[(caller*3+i/2)%len(sizes)]
				if size == sizes[3] && i%8 != 0 {
					size = 1
				}
				mark := fmt.Sprintf("<%d-%d>", caller, i)
				for range 2 {
					s.checkMark(fmt.Sprintf("/%d/%s", size, how), mark, strings.Repeat(mark+" ", size), how)
				}
			}
		})
	}
	all.Wait()
}

// checkMark sends a request of one caller and looks whether anything in the answer is of
// another.
func (s *service) checkMark(path, mark, body, how string) {
	var changes []func(*http.Request)
	if how == "leaves" {
		ctx, cancel := context.WithTimeout(s.Context(), time.Duration(len(body)%7)*100*time.Microsecond)
		defer cancel()
		changes = append(changes, func(r *http.Request) { *r = *r.WithContext(ctx) })
	}
	changes = append(changes, func(r *http.Request) { r.Header.Set("X-Mark", mark) })
	r := s.send(http.MethodPost, path, mark, body, changes...)
	r.body = strings.ReplaceAll(r.body, late, "") // some of it was in time
	switch {
	case r.err != nil && (how == "leaves" || how == "panics"):
	case r.err != nil:
		s.Errorf("%s %s: %v", mark, path, r.err)
	case r.header.Get(idem.StatusHeader) != "":
		if how != "leaves" && how != "panics" {
			s.Errorf("%s %s: %d %s", mark, path, r.status, r.body)
		}
	case r.body != body || r.header.Get("X-Mark") != mark || r.header.Get(idem.Header) != mark:
		s.Errorf("%s got %.100q of %d bytes, %q", mark, r.body, len(r.body), r.header)
	}
}

// A goroutine that writes while the response that was held back is on its way finds out that
// it comes too late, and looks at nothing else: for the race detector.
func TestWritesWhileAHeldResponseIsSent(t *testing.T) {
	t.Parallel()
	var late sync.WaitGroup
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		started := make(chan struct{})
		late.Go(func() {
			close(started)
			for range 1000 {
				_, _ = w.Write(nil)
				w.WriteHeader(http.StatusTeapot)
			}
		})
		<-started
	})
	for i := range 20 {
		s.post(fmt.Sprint(i))
	}
	late.Wait()
}
