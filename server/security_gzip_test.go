package server_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/goaroundhq/goaround/idem"
)

func zipped(t *testing.T, plain io.Reader) string {
	t.Helper()
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(z, plain); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// endless yields zeros.
type endless struct{}

func (endless) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// A compressed body is what it is on the wire: a repetition is told from another request,
// and a bomb is fingerprinted, without being opened.
func TestCompressedBodiesAreNotOpened(t *testing.T) { // alone, because it counts memory
	const inside = 16 << 20
	s := serve(t, created)
	bomb := zipped(t, io.LimitReader(endless{}, inside))
	other := zipped(t, io.LimitReader(endless{}, inside-1))
	post := func(body string) reply {
		return s.send(http.MethodPost, "/orders", "k", body, func(r *http.Request) { r.Header.Set("Content-Encoding", "gzip") })
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 3 {
		s.expect(post(bomb), http.StatusCreated, `{"id":17}`)
	}
	s.expectRuns(1)
	s.expectProblem(post(other), http.StatusUnprocessableEntity, idem.KeyReused)
	s.expectProblem(post("not gzip at all"), http.StatusUnprocessableEntity, idem.KeyReused)
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > inside/4 {
		t.Errorf("%d bytes allocated for bombs of %d on the wire", n, len(bomb))
	}
}

// A response that its handler compressed is replayed byte by byte, with what says so.
func TestCompressedResponsesAreReplayedAsTheyAre(t *testing.T) {
	t.Parallel()
	plain := strings.Repeat("text ", 1000)
	packed := zipped(t, strings.NewReader(plain))
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Vary", "Accept-Encoding")
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, packed)
	})
	for name, tt := range map[string]struct {
		asIs     bool
		body     string
		encoding string
	}{
		"by a client that unpacks":    {false, plain, ""},
		"by a client that does not":   {true, packed, "gzip"},
		"by one that asked for plain": {true, packed, "gzip"},
	} {
		client := &http.Client{Transport: &http.Transport{DisableCompression: tt.asIs, DisableKeepAlives: true}}
		for visit := range 2 {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/orders", nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set(idem.Header, name)
			if strings.Contains(name, "plain") {
				req.Header.Set("Accept-Encoding", "identity") // which the handler ignores, and so does the replay
			}
			resp, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			r := read(resp)
			s.expect(r, http.StatusOK, tt.body)
			if r.replayed() != (visit == 1) || r.header.Get("Content-Encoding") != tt.encoding || r.header.Get("Vary") != "Accept-Encoding" {
				t.Errorf("%s, visit %d: %v", name, visit, r.header)
			}
		}
	}
	s.expectRuns(3)
}
