package server_test

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/goaroundhq/goaround/server"
)

// The first response has the trailers that it would have without the middleware.
func TestTrailersAreThoseOfNetHTTP(t *testing.T) {
	t.Parallel()
	flush := func(w http.ResponseWriter) { w.(http.Flusher).Flush() }
	for name, handler := range map[string]http.HandlerFunc{
		"declared and not": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Trailer", "X-Declared")
			_, _ = io.WriteString(w, strings.Repeat("x", 10_000))
			w.Header().Set("X-Declared", "1")
			w.Header().Set(http.TrailerPrefix+"X-Undeclared", "2")
			w.Header().Set("X-Late", "3")
		},
		"changed": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set(http.TrailerPrefix+"X-Sum", "failed")
			_, _ = io.WriteString(w, strings.Repeat("x", 10_000))
			w.Header().Set(http.TrailerPrefix+"X-Sum", "done")
		},
		"changed after a flush": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set(http.TrailerPrefix+"X-Sum", "failed")
			flush(w)
			w.Header().Set(http.TrailerPrefix+"X-Sum", "done")
		},
		"replaces another field": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Temp", "1")
			flush(w)
			w.Header().Del("X-Temp")
			w.Header().Set(http.TrailerPrefix+"X-Sum", "1")
		},
		"removed": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Trailer", "X-Sum")
			w.Header().Set("X-Sum", "early")
			flush(w)
			w.Header().Del("X-Sum")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, handler)
			trailer := func(key string) (http.Header, http.Header) {
				req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url, nil)
				if err != nil {
					t.Fatal(err)
				}
				if key != "" {
					req.Header.Set("Idempotency-Key", key)
				}
				resp, err := s.client.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				r := read(resp)
				r.header.Del("Date")
				r.header.Del("Idempotency-Key")
				return r.header, resp.Trailer
			}
			plainHeader, plain := trailer("") // passes unguarded
			guardedHeader, guarded := trailer("k")
			if !reflect.DeepEqual(guarded, plain) || !reflect.DeepEqual(guardedHeader, plainHeader) {
				t.Errorf("header %v with trailers %v, unguarded %v with %v", guardedHeader, guarded, plainHeader, plain)
			}
		})
	}
}

// net/http removes the files that an upload has spilled to disk when it is done; it must
// find them.
func TestUploadsLeaveNoFiles(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseMultipartForm(1); err != nil {
			t.Error(err)
		}
		if files, err := os.ReadDir(dir); len(files) == 0 || err != nil {
			t.Errorf("nothing was spilled: %v", err)
		}
		w.WriteHeader(http.StatusCreated)
	}, server.WithMaxBody(0))
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", "large")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = part.Write(make([]byte, 12<<20))
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	r := s.send(http.MethodPost, "/upload", "k", body.String(), func(r *http.Request) {
		r.Header.Set("Content-Type", form.FormDataContentType())
	})
	s.expect(r, http.StatusCreated, "")
	await(t, "the files to be removed", func() bool { // after the response
		files, err := os.ReadDir(dir)
		return len(files) == 0 && err == nil
	})
}
