package transport

import (
	"errors"
	"io"
	"sync"
	"time"
)

// lender holds a body that the caller cannot open again and lends it to one attempt
// after the other: rewound when it is an io.Seeker, else from what was remembered
// while it was read. The caller's body is closed when the last attempt closes its
// loan, not before; unless that is the only way to end a read that nobody wants any
// more.
type lender struct {
	mu       sync.Mutex
	body     io.ReadCloser
	seeker   io.Seeker // nil when the body cannot be rewound
	start    int64     // where the seeker stood
	buffer   []byte    // what was read so far, without a seeker
	room     int       // how much more may be remembered
	lost     bool      // cannot be sent again
	err      error     // how the body ended, io.EOF or not
	current  *loan
	settled  bool          // no further attempt follows
	closed   bool          // the caller's body
	reads    int           // begun so far
	reading  bool          // a read is under way
	idle     chan struct{} // closed when it ends, if somebody waits for that
	recalled chan struct{} // closed when it is decided who has the body; nil when nobody asked
}

// patience is how long a lender waits for a read that is under way before it declares
// the body lost. Files take microseconds; a pipe nobody writes to, for ever.
const patience = 100 * time.Millisecond

var (
	errLent       = errors.New("transport: body read by an attempt that is over")
	errConcurrent = errors.New("transport: concurrent reads of one body")
)

func newLender(body io.ReadCloser, room int) *lender {
	l := &lender{body: body, room: room}
	if seeker, ok := body.(io.Seeker); ok {
		if at, err := seeker.Seek(0, io.SeekCurrent); err == nil { // pipes are files, too
			l.seeker, l.start = seeker, at
		}
	}
	return l
}

// lend gives the body to the first attempt.
func (l *lender) lend() *loan {
	l.current = &loan{lender: l}
	return l.current
}

// lendAgain takes the body back from the last attempt and gives it to the next. ErrBody
// when it cannot be sent again; then the last attempt keeps it.
func (l *lender) lendAgain() (*loan, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.recalled = make(chan struct{})
	defer func() {
		close(l.recalled)
		l.recalled = nil
	}()
	if !l.quiet() || l.lost {
		return nil, ErrBody
	}
	if l.seeker != nil {
		if _, err := l.seeker.Seek(l.start, io.SeekStart); err != nil {
			return nil, errors.Join(ErrBody, err)
		}
		l.err = nil
	}
	if l.err != nil && !errors.Is(l.err, io.EOF) {
		return nil, errors.Join(ErrBody, l.err) // the caller's own reader failed
	}
	l.current = &loan{lender: l}
	return l.current, nil
}

// quiet waits for a read that is under way. It is called with the lock held, and gives
// it up meanwhile; no other read begins in that time.
func (l *lender) quiet() bool {
	if !l.reading {
		return true
	}
	idle := make(chan struct{})
	l.idle = idle
	l.mu.Unlock()
	defer l.mu.Lock()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-idle:
		return true
	case <-timer.C:
		return false
	}
}

// settle says that no further attempt follows: the caller's body is closed with the
// current loan.
func (l *lender) settle() {
	l.mu.Lock()
	l.settled = true
	l.mu.Unlock()
	_ = l.closeIfDone() // the call has ended, and nobody is there to be told
}

func (l *lender) closeIfDone() error {
	l.mu.Lock()
	done := (l.settled || l.lost) && l.current.closed && !l.closed
	l.closed = l.closed || done
	l.mu.Unlock()
	if !done {
		return nil
	}
	return l.body.Close()
}

// interrupt ends the given read, if it is still under way, by closing the body.
func (l *lender) interrupt(read int) {
	l.mu.Lock()
	if !l.reading || l.reads != read {
		l.mu.Unlock()
		return
	}
	l.lost = true
	l.mu.Unlock()
	_ = l.closeIfDone() // the read gets an error, which is the purpose
}

// loan is the body as one attempt sees it.
type loan struct {
	lender *lender
	at     int  // what it has read of the buffer
	closed bool // by the attempt
}

func (o *loan) Read(p []byte) (int, error) {
	l := o.lender
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.recalled != nil && !l.reading {
		o.await()
	}
	switch {
	case o != l.current || o.closed:
		return 0, errLent
	case o.at < len(l.buffer):
		n := copy(p, l.buffer[o.at:])
		o.at += n
		return n, nil
	case l.err != nil:
		return 0, l.err
	case l.reading:
		return 0, errConcurrent
	}
	n, err := l.read(p)
	o.at += l.remember(p[:n])
	l.err = err
	return n, err
}

// await returns when it is decided who has the body. It gives up the lock meanwhile.
func (o *loan) await() {
	recalled := o.lender.recalled
	o.lender.mu.Unlock()
	<-recalled
	o.lender.mu.Lock()
}

// read reads from the caller's body, without the lock: it may block until another
// goroutine closes the body.
func (l *lender) read(p []byte) (int, error) {
	l.reads++
	l.reading = true
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		l.reading = false
		if l.idle != nil {
			close(l.idle)
			l.idle = nil
		}
	}()
	return l.body.Read(p)
}

// remember keeps what was read for the next attempt, while there is room, and returns
// how much it kept.
func (l *lender) remember(p []byte) int {
	if l.seeker != nil || l.lost || len(p) == 0 {
		return 0
	}
	if len(p) > l.room {
		l.buffer, l.lost = nil, true
		return 0
	}
	l.room -= len(p)
	l.buffer = append(l.buffer, p...)
	return len(p)
}

// Close ends the loan. The caller's body stays open as long as another attempt may
// need it; but a transport that closes a body while it reads from it wants the read to
// end, and may wait for that.
func (o *loan) Close() error {
	l := o.lender
	l.mu.Lock()
	o.closed = true
	if l.reading && o == l.current && !l.settled {
		read := l.reads
		time.AfterFunc(patience, func() { l.interrupt(read) })
	}
	l.mu.Unlock()
	return l.closeIfDone()
}
