package server_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

// All observers are told, in order, and of the pattern by which the request was found.
func TestSeveralObservers(t *testing.T) {
	t.Parallel()
	var log []string
	note := func(name string) server.Option {
		return server.WithObserver(server.Observer{Answered: func(_ context.Context, a server.Answer) {
			log = append(log, fmt.Sprintf("%s %s %q", name, a.Outcome, a.Pattern))
		}})
	}
	once := server.New(idem.NewMemory(), server.WithSharedScope(), note("first"), server.WithObserver(server.Observer{}), note("second"))
	ok := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	inside, outside := http.NewServeMux(), http.NewServeMux()
	inside.Handle("POST /orders/{id}", once(ok))
	outside.Handle("POST /orders/{id}", ok)
	for _, h := range []http.Handler{inside, inside, once(outside)} {
		req := httptest.NewRequestWithContext(t.Context(), "POST", "/orders/7", http.NoBody)
		req.Header.Set(idem.Header, fmt.Sprint("key", h == inside))
		h.ServeHTTP(httptest.NewRecorder(), req)
	}
	const pattern = `"POST /orders/{id}"`
	want := fmt.Sprint([]string{
		"first executed " + pattern, "second executed " + pattern,
		"first replayed " + pattern, "second replayed " + pattern,
		"first executed " + pattern, "second executed " + pattern,
	})
	if got := fmt.Sprint(log); got != want {
		t.Errorf("told %s\nwant %s", got, want)
	}
}

func TestSeveralAdmissionObservers(t *testing.T) {
	t.Parallel()
	var log []string
	note := func(name string) server.AdmissionOption {
		return server.WithAdmissionObserver(server.AdmissionObserver{Decided: func(_ context.Context, e server.Entry) {
			log = append(log, name+" "+string(e.Verdict))
		}})
	}
	h := server.Admission(server.AdmitConcurrency(1), note("first"), note("second"))(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), "GET", "/", http.NoBody))
	if got := fmt.Sprint(log); got != "[first admitted second admitted]" {
		t.Errorf("told %s", got)
	}
}
