package nemesis_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"go.uber.org/goleak"

	"github.com/goaroundhq/goaround/benchmarks/faults/nemesis"
	"github.com/goaroundhq/goaround/benchmarks/faults/site"
)

func TestMain(m *testing.M) {
	logging.Disable() // servers are killed here
	goleak.VerifyTestMain(m)
}

// world is one with its processes.
type world struct {
	*nemesis.World
	server, client *cat

	mu  sync.Mutex
	log []string // what strikes told of
}

// newWorld opens a site with a server and a client.
func newWorld(t *testing.T, kind site.Kind) *world {
	t.Helper()
	s, err := site.Open(t.Context(), kind, 1, 1)
	ok(t, err)
	t.Cleanup(func() { ok(t, s.Close()) })
	w := &world{server: newCat(t), client: newCat(t)}
	w.World = &nemesis.World{
		Site: s, Servers: []nemesis.Process{w.server}, Clients: []nemesis.Process{w.client},
		Lease: 500 * time.Millisecond, Log: w.tell,
	}
	w.seed(1)
	return w
}

func (w *world) seed(seed uint64) { w.Rand = rand.New(rand.NewPCG(seed, 0)) }

func (w *world) tell(format string, a ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.log = append(w.log, fmt.Sprintf(format, a...))
}

// told is what strikes have told of since it was last asked.
func (w *world) told() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	log := w.log
	w.log = nil
	return log
}

// during strikes, and calls do until it reports that the harm was seen. It fails the test when
// the strike ends before that.
func (w *world) during(t *testing.T, name string, do func() bool) {
	t.Helper()
	ended := w.strike(t, name)
	for seen := false; !seen; {
		select {
		case err := <-ended:
			t.Fatalf("%s ended without harm: %v, %q", name, err, w.told())
		default:
			seen = do()
		}
	}
	ok(t, <-ended)
}

// strike strikes beside the test.
func (w *world) strike(t *testing.T, name string) <-chan error {
	t.Helper()
	n, ended := find(t, name), make(chan error, 1)
	go func() {
		hit, err := n.Strike(t.Context(), w.World)
		if err == nil && !hit {
			err = errMissed
		}
		ended <- err
	}()
	return ended
}

var errMissed = errors.New("it hit nobody")

func find(t *testing.T, name string) nemesis.Nemesis {
	t.Helper()
	for _, n := range nemesis.All() {
		if n.Name == name {
			return n
		}
	}
	t.Fatalf("there is no %s", name)
	return nemesis.Nemesis{}
}

// store is a client of the store as the server has it.
func (w *world) store(t *testing.T) redis.UniversalClient {
	t.Helper()
	return redisOf(t, w.Site.Store(0))
}

func redisOf(t *testing.T, st site.Store) redis.UniversalClient {
	t.Helper()
	client, err := st.OpenRedis()
	ok(t, err)
	t.Cleanup(func() { ok(t, client.Close()) })
	return client
}

// answers reports whether Redis writes within a moment.
func answers(client redis.Cmdable) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	return client.Set(ctx, "answers", "value", 0).Err() == nil
}

// eventually fails the test when check stays false.
func eventually(t *testing.T, what string, check func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !check(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not in a minute: %s", what)
		}
	}
}

// cat is a process that says back what it is told.
type cat struct {
	cmd   *exec.Cmd
	in    io.Writer
	lines chan string // closed when it has ended
}

func newCat(t *testing.T) *cat {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "cat")
	in, err := cmd.StdinPipe()
	ok(t, err)
	out, err := cmd.StdoutPipe()
	ok(t, err)
	ok(t, cmd.Start())
	c := &cat{cmd: cmd, in: in, lines: make(chan string, 100)}
	var reading sync.WaitGroup
	reading.Go(func() {
		defer close(c.lines)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			c.lines <- lines.Text()
		}
	})
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // the test may have
		reading.Wait()
		_ = cmd.Wait() // killed
	})
	return c
}

func (c *cat) Kill() (bool, error) { return c.signal(syscall.SIGKILL) }
func (c *cat) Stop() (bool, error) { return c.signal(syscall.SIGSTOP) }

func (c *cat) Continue() error {
	_, err := c.signal(syscall.SIGCONT)
	return err
}

func (c *cat) signal(s syscall.Signal) (bool, error) {
	err := c.cmd.Process.Signal(s)
	if errors.Is(err, os.ErrProcessDone) {
		return false, nil
	}
	return err == nil, err
}

var errSilent = errors.New("no answer")

// says returns what the process answers within the patience.
func (c *cat) says(line string, patience time.Duration) (string, error) {
	if _, err := fmt.Fprintln(c.in, line); err != nil {
		return "", err
	}
	select {
	case got, alive := <-c.lines:
		if !alive {
			return "", io.EOF
		}
		return got, nil
	case <-time.After(patience):
		return "", errSilent
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
