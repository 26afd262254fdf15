package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9/logging"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	logging.Disable()
	goleak.VerifyTestMain(m)
}

// quick is for tests, on machines that may be slow. They end outages themselves.
var quick = rules{steadily: time.Second / 4, outage: time.Hour, herd: 50}

// open is a stage with a page, which ends with the test.
func open(t *testing.T, redis string) (*stage, string) {
	t.Helper()
	s, err := newStage(context.Background(), redis, quick)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	addr, _ := raise(t, s, "127.0.0.1:0")
	return s, "http://" + addr
}

// raise shows the page at an address, until the function that it returns is called or the
// test ends.
func raise(t *testing.T, s *stage, addr string) (string, func()) {
	t.Helper()
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := show(ctx, s, listener); err != nil {
			t.Error(err)
		}
	}()
	end := func() {
		cancel()
		<-ended
	}
	t.Cleanup(end)
	return listener.Addr().String(), end
}

// without has the test run on a machine without redis-server.
func without(t *testing.T) { t.Setenv("PATH", t.TempDir()) }

func TestCommand(t *testing.T) {
	without(t)
	for name, test := range map[string]struct {
		args   []string
		status int
		stderr string
	}{
		"help":         {[]string{"-h"}, exitOK, "-redis address"},
		"a flag":       {[]string{"-none"}, exitUsage, "-none"},
		"an argument":  {[]string{"more"}, exitUsage, `"more"`},
		"an address":   {[]string{"-addr", "nowhere"}, exitFailed, "nowhere"},
		"no such host": {[]string{"-addr", "localhost:0", "-redis", "127.0.0.1:1"}, exitFailed, "127.0.0.1:1"},
	} {
		t.Run(name, func(t *testing.T) {
			var stderr strings.Builder
			if got := command(t.Context(), test.args, io.Discard, &stderr); got != test.status {
				t.Errorf("status %d, want %d", got, test.status)
			}
			if !strings.Contains(stderr.String(), test.stderr) {
				t.Errorf("%q has no %q", stderr.String(), test.stderr)
			}
		})
	}
}

func TestCommandServesThePageUntilItIsEnded(t *testing.T) {
	without(t)
	ctx, end := context.WithCancel(t.Context())
	r, w := io.Pipe()
	status := make(chan int, 1)
	go func() { status <- command(ctx, []string{"-addr", "127.0.0.1:0"}, w, io.Discard) }()
	line := make([]byte, 100)
	n, err := r.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	url := strings.Fields(string(line[:n]))[1]
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || !strings.Contains(string(body), "<h1>Jitter against slots</h1>") {
		t.Errorf("the page is %q, %v", body, err)
	}
	http.DefaultClient.CloseIdleConnections()
	end()
	if got := <-status; got != exitOK {
		t.Errorf("status %d, want %d", got, exitOK)
	}
}

// half sends the head of a request and the beginning of its body.
func half(t *testing.T, addr, path, field string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	head := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\nIdempotency-Key: \"half\"\r\n%s\r\n", path, addr, field)
	if _, err := io.WriteString(conn, head+"Content-Length: 100\r\n\r\nto="); err != nil {
		t.Fatal(err)
	}
	return conn
}

// Whoever does not send the rest of a request cannot keep the program from ending.
func TestHalfARequestKeepsNobody(t *testing.T) {
	t.Parallel()
	s, err := newStage(context.Background(), "", quick)
	if err != nil {
		t.Fatal(err)
	}
	s.end()
	s.callers.wait() // nobody else comes
	orders := func() int64 { return s.fleets[jitter].service.arrived.Load() }
	before := orders()
	half(t, strings.TrimPrefix(s.fleets[jitter].url, "http://"), "/orders", "Content-Type: text/plain")
	until(t, "the order arrives", func() bool { return orders() > before })

	web, end := raise(t, s, "127.0.0.1:0")
	click := half(t, web, "/callers", "Content-Type: application/x-www-form-urlencoded\r\nExpect: 100-continue")
	if line, err := bufio.NewReader(click).ReadString('\n'); err != nil || !strings.Contains(line, " 100 ") {
		t.Fatalf("nobody reads it: %q, %v", line, err)
	}

	ended := make(chan error, 1)
	go func() {
		page := make(chan struct{})
		go func() {
			defer close(page)
			end()
		}()
		err := s.close()
		<-page
		ended <- err
	}()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(guard):
		t.Fatalf("it has not ended within %v", guard)
	}
}
