package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progress shows how far a run is. It is safe for concurrent use.
type progress interface {
	attempt()   // a client made one more attempt
	done()      // one more call has ended
	say(string) // a line of its own
	end()       // nothing follows
}

// newProgress shows a bar on a terminal and plain lines elsewhere.
func newProgress(w io.Writer, calls int) progress {
	if file, ok := w.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		return newBar(w, calls)
	}
	return &lines{w: w, calls: calls}
}

// bar draws on a terminal.
type bar struct {
	w        io.Writer
	bar      *progressbar.ProgressBar
	attempts atomic.Int64
}

func newBar(w io.Writer, calls int) *bar {
	return &bar{w: w, bar: progressbar.NewOptions(calls,
		progressbar.OptionSetWriter(w),
		progressbar.OptionFullWidth(),
		progressbar.OptionShowCount(),
		progressbar.OptionSetPredictTime(false),
		progressbar.OptionThrottle(100*time.Millisecond),
	)}
}

func (b *bar) attempt() {
	b.bar.Describe(fmt.Sprintf("%d attempts, calls", b.attempts.Add(1)))
}

func (b *bar) done() { _ = b.bar.Add(1) } // a bar that cannot be drawn stops nothing

func (b *bar) say(line string) { _, _ = progressbar.Bprintln(b.bar, line) }

func (b *bar) end() {
	_ = b.bar.Exit()
	fmt.Fprint(b.w, "\n\n") // the bar leaves the cursor at its end
}

// lines writes a line for each tenth of the calls.
type lines struct {
	w     io.Writer
	calls int

	mu       sync.Mutex
	attempts int
	ended    int
}

func (l *lines) attempt() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.attempts++
}

func (l *lines) done() {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := l.ended * 10 / l.calls
	l.ended++
	if l.ended*10/l.calls > before {
		fmt.Fprintf(l.w, "%d of %d calls, %d attempts\n", l.ended, l.calls, l.attempts)
	}
}

func (l *lines) say(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintln(l.w, line)
}

func (l *lines) end() { fmt.Fprintln(l.w) }
