package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
)

// ledger is the effect of orders: a file that only grows, by one line for each
// execution. It can be asked for its content only by reading the file.
type ledger struct {
	file      *os.File
	temporary bool

	mu    sync.Mutex
	lines int
}

// openLedger opens an empty ledger. An empty path makes a temporary one, which close
// removes.
func openLedger(path string) (*ledger, error) {
	if path == "" {
		file, err := os.CreateTemp("", "orders-*.ledger")
		if err != nil {
			return nil, err
		}
		return &ledger{file: file, temporary: true}, nil
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && info.Size() > 0 {
		err = fmt.Errorf("ledger %s is not empty: name a new file, or remove it", path)
	}
	if err != nil {
		_ = file.Close() // nothing was written
		return nil, err
	}
	return &ledger{file: file}, nil
}

// append writes one execution of an order and returns the number of its receipt.
func (l *ledger) append(order string) (receipt int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines++
	_, err = fmt.Fprintf(l.file, "%s receipt-%d\n", order, l.lines)
	return l.lines, err
}

// readBack counts what the file says.
func (l *ledger) readBack() (tally, error) {
	file, err := os.Open(l.file.Name())
	if err != nil {
		return nil, err
	}
	defer file.Close()
	t, err := readTally(file)
	if err != nil {
		return nil, fmt.Errorf("ledger %s: %w", file.Name(), err)
	}
	return t, nil
}

// close closes the file, and removes it when it is temporary.
func (l *ledger) close() error {
	err := l.file.Close()
	if l.temporary {
		err = errors.Join(err, os.Remove(l.file.Name()))
	}
	return err
}

// tally is how often each order was executed.
type tally map[string]int

// readTally reads a ledger to its end.
func readTally(r io.Reader) (tally, error) {
	t := make(tally)
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		order, receipt, ok := strings.Cut(lines.Text(), " ")
		if !ok || order == "" || receipt == "" {
			return nil, fmt.Errorf("line %d is no entry: %q", n, lines.Text())
		}
		t[order]++
	}
	return t, lines.Err()
}

// effects is how many executions there were.
func (t tally) effects() int {
	sum := 0
	for _, n := range t {
		sum += n
	}
	return sum
}

// duplicates is how many of them were one too many.
func (t tally) duplicates() int { return t.effects() - len(t) }
