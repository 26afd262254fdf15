package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progress shows how far a run is. It is safe for concurrent use.
type progress interface {
	done(calls int)    // so many more have ended
	phase(name string) // what goes on now
	say(format string, a ...any)
	end() // nothing follows
}

// newProgress shows a bar on a terminal and plain lines elsewhere.
func newProgress(w io.Writer, calls int) progress {
	if file, ok := w.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		return bar{w, progressbar.NewOptions(calls,
			progressbar.OptionSetWriter(w),
			progressbar.OptionFullWidth(),
			progressbar.OptionShowCount(),
			progressbar.OptionShowIts(),
			progressbar.OptionThrottle(100*time.Millisecond),
		)}
	}
	return &lines{w: w, calls: calls, began: time.Now()}
}

// bar draws on a terminal.
type bar struct {
	w   io.Writer
	bar *progressbar.ProgressBar
}

func (b bar) done(calls int) { _ = b.bar.Add(calls) } // a bar that cannot be drawn stops nothing

func (b bar) phase(name string) { b.bar.Describe(fmt.Sprintf("%-14s", name)) }

func (b bar) say(format string, a ...any) { _, _ = progressbar.Bprintf(b.bar, format+"\n", a...) }

func (b bar) end() {
	_ = b.bar.Exit()
	fmt.Fprint(b.w, "\n\n") // the bar leaves the cursor at its end
}

// lines writes a line for each tenth of the calls.
type lines struct {
	w     io.Writer
	calls int
	began time.Time

	mu    sync.Mutex
	ended int
	now   string
}

func (l *lines) done(calls int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := l.ended * 10 / l.calls
	l.ended += calls
	if l.ended*10/l.calls > before {
		fmt.Fprintf(l.w, "%d of %d calls after %.1f s (%s)\n", l.ended, l.calls, time.Since(l.began).Seconds(), l.now)
	}
}

func (l *lines) phase(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now = name
}

func (l *lines) say(format string, a ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintf(l.w, "%8.3f s "+format+"\n", append([]any{time.Since(l.began).Seconds()}, a...)...)
}

func (l *lines) end() { fmt.Fprintln(l.w) }
