package ledger

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/rpc"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// Entry is one effect.
type Entry struct {
	Key   string // of the operation
	Run   string // names the run of the handler
	Fence uint64 // of its claim, 0 when it has none
	PID   int    // of the process
}

// Ledger is a list of effects. It is safe for concurrent use.
type Ledger struct {
	file     *os.File
	listener net.Listener
	serving  sync.WaitGroup

	mu    sync.Mutex
	runs  map[string][]string // by key
	conns map[net.Conn]struct{}
}

// Open opens an empty ledger in a folder, and listens there.
func Open(folder string) (*Ledger, error) {
	file, err := os.Create(filepath.Join(folder, "effects.txt"))
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("unix", filepath.Join(folder, "ledger.sock")) //nolint:noctx // it does not block
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	l := &Ledger{file: file, listener: listener, runs: map[string][]string{}, conns: map[net.Conn]struct{}{}}
	server := rpc.NewServer()
	if err := server.RegisterName(service, &remote{l}); err != nil {
		return nil, errors.Join(err, listener.Close(), file.Close())
	}
	l.serving.Go(func() { l.serve(server) })
	return l, nil
}

func (l *Ledger) serve(server *rpc.Server) {
	for {
		conn, err := l.listener.Accept()
		if err != nil {
			return // closed
		}
		l.mu.Lock()
		l.conns[conn] = struct{}{}
		l.mu.Unlock()
		l.serving.Go(func() {
			server.ServeConn(conn)
			l.mu.Lock()
			defer l.mu.Unlock()
			delete(l.conns, conn)
		})
	}
}

// Address is what [Dial] dials.
func (l *Ledger) Address() string { return l.listener.Addr().String() }

// Enter writes an effect down. It is in the file when it returns.
func (l *Ledger) Enter(e Entry) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, err := fmt.Fprintf(l.file, "%s %s %d %d\n", e.Key, e.Run, e.Fence, e.PID); err != nil {
		return err
	}
	l.runs[e.Key] = append(l.runs[e.Key], e.Run)
	return nil
}

// Runs are those that had the effect of a key, in their order.
func (l *Ledger) Runs(key string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.runs[key])
}

// All are the runs that had an effect, by key. It hears out those who are still there and waits
// for them to hang up, because one who has left may have left something on its way. Nobody can
// dial any more.
func (l *Ledger) All() (map[string][]string, error) {
	if err := l.listener.Close(); err != nil {
		return nil, err
	}
	l.serving.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.runs), nil
}

// Close hangs up. The file stays.
func (l *Ledger) Close() error {
	err := l.listener.Close()
	if errors.Is(err, net.ErrClosed) { // by All
		err = nil
	}
	l.mu.Lock()
	for conn := range l.conns {
		_ = conn.Close() // who is still there is of no interest
	}
	l.mu.Unlock()
	l.serving.Wait()
	return errors.Join(err, l.file.Close())
}
