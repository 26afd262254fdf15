package relay_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/goaroundhq/goaround/benchmarks/faults/relay"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// moment is how long nothing must come for it to be nothing.
const moment = 100 * time.Millisecond

func TestPass(t *testing.T) {
	t.Parallel()
	e := newEcho(t)
	c := dial(t, through(t, e.addr))
	for _, line := range []string{"one", "two"} {
		c.asks(t, line)
	}
	if got := e.heard.Load(); got != 2 {
		t.Errorf("the server heard %d lines, want 2", got)
	}
}

func TestCut(t *testing.T) {
	t.Parallel()
	e := newEcho(t)
	r := through(t, e.addr)
	before := dial(t, r)
	before.asks(t, "fair")
	r.Cut()
	before.ends(t)
	refused(t, r)
	if got := e.heard.Load(); got != 1 {
		t.Errorf("the server heard %d lines, want the one before the cut", got)
	}
	r.Heal()
	dial(t, r).asks(t, "fair again")
}

func TestSilence(t *testing.T) {
	t.Parallel()
	e := newEcho(t)
	r := through(t, e.addr)
	before, gone := dial(t, r), dial(t, r)
	before.asks(t, "fair")
	gone.asks(t, "fair")
	r.Silence()
	before.says(t, "kept")
	gone.says(t, "kept too")
	gone.Close()
	before.nothing(t)
	during := dial(t, r)
	during.says(t, "kept as well")
	during.nothing(t)
	if got := e.heard.Load(); got != 2 {
		t.Errorf("the server heard %d lines, want those before the silence", got)
	}
	r.Heal()
	before.hears(t, "kept")
	during.hears(t, "kept as well")
	// What a caller sent that has given up arrives too.
	eventually(t, func() bool { return e.heard.Load() == 5 })
}

func TestSlow(t *testing.T) {
	t.Parallel()
	r := through(t, newEcho(t).addr)
	c := dial(t, r)
	c.asks(t, "quick")
	const latency = 50 * time.Millisecond
	r.Slow(latency, latency/10)
	start := time.Now()
	c.asks(t, "slow")
	if took := time.Since(start); took < 2*latency {
		t.Errorf("there and back took %v, want %v each way", took, latency)
	}
	// Who waits need not wait on in fair weather.
	r.Slow(time.Hour, 0)
	c.says(t, "waits")
	c.nothing(t)
	r.Heal()
	c.hears(t, "waits")
}

// The server has done what was asked when the answer is lost.
func TestLoseAnswers(t *testing.T) {
	t.Parallel()
	e := newEcho(t)
	r := through(t, e.addr)
	r.LoseAnswers(2)
	for range 2 {
		c := dial(t, r)
		c.says(t, "done")
		c.ends(t)
	}
	if got := e.heard.Load(); got != 2 {
		t.Errorf("the server heard %d lines, want 2", got)
	}
	if got := r.Lost(); got != 2 {
		t.Errorf("%d answers were lost, want 2", got)
	}
	dial(t, r).asks(t, "the third")
	r.LoseAnswers(1)
	r.Heal()
	dial(t, r).asks(t, "healed")
}

func TestTo(t *testing.T) {
	t.Parallel()
	r := through(t, "")
	refused(t, r)
	first, second := newEcho(t), newEcho(t)
	r.To(first.addr)
	c := dial(t, r)
	c.asks(t, "first")
	r.To(second.addr)
	dial(t, r).asks(t, "second")
	c.asks(t, "still first")
	if a, b := first.heard.Load(), second.heard.Load(); a != 2 || b != 1 {
		t.Errorf("the servers heard %d and %d lines, want 2 and 1", a, b)
	}
}

func through(t *testing.T, upstream string) *relay.Relay {
	t.Helper()
	r, err := relay.Listen(upstream)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// echo says back each line that it hears.
type echo struct {
	addr  string
	heard atomic.Int64
}

func newEcho(t *testing.T) *echo {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	e := &echo{addr: listener.Addr().String()}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer conn.Close()
				for lines := bufio.NewScanner(conn); lines.Scan(); {
					e.heard.Add(1)
					fmt.Fprintln(conn, lines.Text())
				}
			})
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		running.Wait()
	})
	return e
}

type client struct {
	net.Conn
	lines *bufio.Reader
}

func dial(t *testing.T, r *relay.Relay) *client {
	t.Helper()
	conn, err := net.Dial("tcp", r.Addr())
	if err != nil {
		t.Fatal(err)
	}
	c := &client{Conn: conn, lines: bufio.NewReader(conn)}
	c.patience(t, time.Minute)
	t.Cleanup(func() { conn.Close() })
	return c
}

// refused fails the test unless a new connection is broken, which dialling may notice.
func refused(t *testing.T, r *relay.Relay) {
	t.Helper()
	conn, err := net.Dial("tcp", r.Addr())
	if err != nil {
		return
	}
	defer conn.Close()
	c := &client{Conn: conn, lines: bufio.NewReader(conn)}
	c.patience(t, time.Minute)
	c.ends(t)
}

func (c *client) patience(t *testing.T, d time.Duration) {
	t.Helper()
	// The relay may have reset the connection; reading tells.
	if err := c.SetReadDeadline(time.Now().Add(d)); err != nil {
		t.Fatal(err)
	}
}

func (c *client) says(t *testing.T, line string) {
	t.Helper()
	if _, err := fmt.Fprintln(c, line); err != nil {
		t.Fatal(err)
	}
}

func (c *client) hears(t *testing.T, want string) {
	t.Helper()
	if got, err := c.lines.ReadString('\n'); got != want+"\n" {
		t.Fatalf("heard %q, %v, want %q", got, err, want)
	}
}

func (c *client) asks(t *testing.T, line string) {
	t.Helper()
	c.says(t, line)
	c.hears(t, line)
}

// ends fails the test unless the connection is broken.
func (c *client) ends(t *testing.T) {
	t.Helper()
	got, err := io.ReadAll(c.lines)
	if len(got) > 0 || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("heard %q, %v from a connection that should be broken", got, err)
	}
}

// nothing fails the test when anything comes.
func (c *client) nothing(t *testing.T) {
	t.Helper()
	c.patience(t, moment)
	if got, err := c.lines.ReadString('\n'); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("heard %q, %v, want nothing", got, err)
	}
	c.patience(t, time.Minute)
}

func eventually(t *testing.T, check func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !check(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("not in a minute")
		}
	}
}
