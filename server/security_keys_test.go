package server_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

// dial opens a connection of its own to the service, for bytes that no client sends.
func (s *service) dial() net.Conn {
	s.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		s.Fatal(err)
	}
	return conn
}

// raw sends a request head and returns all that comes back, as it came.
func (s *service) raw(head string) string {
	s.Helper()
	conn := s.dial()
	go func() { _, _ = io.WriteString(conn, head) }() // the server may answer before it has all
	answer, err := io.ReadAll(conn)
	if len(answer) == 0 {
		s.Errorf("no answer: %v", err)
	}
	return string(answer)
}

// orderWith is a request with these fields; the connection ends with it.
func orderWith(fields ...string) string {
	return "POST /orders HTTP/1.1\r\nHost: api.test\r\nConnection: close\r\n" + strings.Join(fields, "\r\n") + "\r\n\r\n"
}

// What is not one key is no key, whatever it is made of, and is not given back to anybody.
func TestKeysThatAreAttacks(t *testing.T) {
	t.Parallel()
	const invalid, missing = "Idempotency-Status: key-invalid", "Idempotency-Status: key-missing"
	many := func(field string, n int) []string {
		return strings.Split(strings.Repeat(field+"\n", n)[:n*(len(field)+1)-1], "\n")
	}
	for _, tt := range []struct {
		name   string
		fields []string
		want   string
	}{
		{"two fields", []string{"Idempotency-Key: evil", "Idempotency-Key: evil"}, invalid},
		{"two fields, two spellings", []string{"idempotency-KEY: evil", "Idempotency-Key: other"}, invalid},
		{"ten thousand", many("Idempotency-Key: evil", 10_000), invalid},
		{"a list", []string{"Idempotency-Key: evil, other"}, invalid},
		{"a list of quoted", []string{`Idempotency-Key: "evil", "other"`}, invalid},
		{"nothing", []string{"Idempotency-Key:"}, invalid},
		{"folded nothing", []string{"Idempotency-Key:", " "}, invalid},
		{"a tab inside", []string{"Idempotency-Key: evil\tother"}, invalid},
		{"bytes above ASCII", []string{"Idempotency-Key: evil\xff"}, invalid},
		{"too long", []string{"Idempotency-Key: evil" + strings.Repeat("k", 252)}, invalid},
		{"half a megabyte", []string{"Idempotency-Key: evil" + strings.Repeat("k", 512<<10)}, invalid},
		{"half a megabyte of parameters", []string{`Idempotency-Key: "evil"` + strings.Repeat(";a", 256<<10)}, invalid},
		{"a markup", []string{`Idempotency-Key: "</title><script>evil()</script>`}, invalid},
		{"in the trailer", []string{"Transfer-Encoding: chunked", "Trailer: Idempotency-Key", "", "0", "Idempotency-Key: evil"}, missing},
		{"under another name", []string{"Idempotency_Key: evil", "X-Idempotency-Key: evil"}, missing},
		{"NUL", []string{"Idempotency-Key: evil\x00"}, "HTTP/1.1 400 "},
		{"bare carriage return", []string{"Idempotency-Key: evil\rother"}, "HTTP/1.1 400 "},
		{"space before the colon", []string{"Idempotency-Key : evil"}, "HTTP/1.1 400 "},
		{"more than a megabyte", []string{"Idempotency-Key: evil" + strings.Repeat("k", 2<<20)}, "HTTP/1.1 431 "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, created, server.WithRequired())
			answer := s.raw(orderWith(tt.fields...))
			if !strings.Contains(answer, tt.want) || strings.Contains(answer, "evil") || strings.Count(answer, "HTTP/1.1 ") != 1 {
				t.Errorf("want %s, got:\n%.2000s", tt.want, answer)
			}
			s.expectRuns(0)
			if n := s.store.Bytes(); n != 0 {
				t.Errorf("%d bytes stored", n)
			}
		})
	}
}

// A folded line is one line (RFC 9112, 5.2), and what looks like a field in it is none; other
// fields, however many, change nothing.
func TestKeyAmongOddFields(t *testing.T) {
	t.Parallel()
	padding := make([]string, 10_000)
	for i := range padding {
		padding[i] = fmt.Sprintf("X-%d: %d", i, i)
	}
	for name, tt := range map[string]struct {
		fields []string
		key    string
	}{
		"folded":               {[]string{"Idempotency-Key: a", " b"}, "a b"},
		"folded field":         {[]string{"Idempotency-Key: a", "\tSet-Cookie: b"}, "a Set-Cookie: b"},
		"begins folded":        {[]string{"Idempotency-Key:", " a"}, "a"},
		"ten thousand others":  {append([]string{"Idempotency-Key: a"}, padding...), "a"},
		"called hop by hop":    {[]string{"Idempotency-Key: a", "Connection: Idempotency-Key"}, "a"},
		"with the replay's":    {[]string{"Idempotency-Key: a", "Idempotency-Replayed: true", "Idempotency-Status: unprotected"}, "a"},
		"method in a field":    {[]string{"Idempotency-Key: a", "X-HTTP-Method-Override: GET"}, "a"},
		"expects continuation": {[]string{"Idempotency-Key: a", "Expect: 100-continue"}, "a"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				attempt, _ := idem.FromContext(r.Context())
				_, _ = fmt.Fprintf(w, "key %q", attempt.Key)
			}, server.WithRequired())
			want := fmt.Sprintf("\r\n\r\nkey %q", tt.key)
			for visit, marked := range []bool{false, true} {
				answer := s.raw(orderWith(tt.fields...))
				if !strings.HasSuffix(answer, want) || strings.Contains(answer, "\r\nIdempotency-Replayed: true\r\n") != marked {
					t.Errorf("visit %d:\n%s\nwant %s", visit, answer, want)
				}
			}
			s.expectRuns(1)
			if n := s.store.Bytes(); n > 1<<10 {
				t.Errorf("%d bytes stored", n)
			}
		})
	}
}
