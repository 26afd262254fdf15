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
// loan, not before.
type lender struct {
	mu      sync.Mutex
	body    io.ReadCloser
	seeker  io.Seeker // nil when the body cannot be rewound
	start   int64     // where the seeker stood
	buffer  []byte    // what was read so far, without a seeker
	room    int       // how much more may be remembered
	lost    bool      // read, and not remembered
	err     error     // how the body ended, io.EOF or not
	reading bool      // a read is under way
	idle    chan struct{}
	current *loan
	settled bool // no further attempt follows
	closed  bool
}

// patience is how long a lender waits for a read that is under way before it declares
// the body not repeatable. Files take microseconds; a pipe nobody writes to, for ever.
const patience = 100 * time.Millisecond

var errLent = errors.New("transport: body read by an attempt that is over")

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
	if !l.quiet() || l.lost {
		return nil, ErrBody
	}
	if l.seeker == nil && l.err != nil && !errors.Is(l.err, io.EOF) {
		return nil, errors.Join(ErrBody, l.err) // the caller's own reader failed
	}
	if l.seeker != nil {
		if _, err := l.seeker.Seek(l.start, io.SeekStart); err != nil {
			return nil, errors.Join(ErrBody, err)
		}
		l.err = nil
	}
	l.current = &loan{lender: l}
	return l.current, nil
}

// quiet waits for a read that is under way. It is called with the lock held, and gives
// it up meanwhile.
func (l *lender) quiet() bool {
	if !l.reading {
		return true
	}
	idle := make(chan struct{})
	l.idle = idle
	l.mu.Unlock()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-idle:
	case <-timer.C:
	}
	l.mu.Lock()
	return !l.reading
}

// settle says that no further attempt follows: the caller's body is closed with the
// current loan.
func (l *lender) settle() {
	l.mu.Lock()
	l.settled = true
	l.mu.Unlock()
	l.closeIfDone()
}

func (l *lender) closeIfDone() {
	l.mu.Lock()
	done := l.settled && l.current.closed && !l.closed
	l.closed = l.closed || done
	l.mu.Unlock()
	if done {
		_ = l.body.Close()
	}
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
		return 0, errors.New("transport: concurrent reads of one body")
	}
	n, err := l.read(p)
	o.at += l.remember(p[:n])
	l.err = err
	return n, err
}

// read reads from the caller's body, without the lock: it may block until another
// goroutine closes the body.
func (l *lender) read(p []byte) (int, error) {
	l.reading = true
	l.mu.Unlock()
	n, err := l.body.Read(p)
	l.mu.Lock()
	l.reading = false
	if l.idle != nil {
		close(l.idle)
		l.idle = nil
	}
	return n, err
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
// need it.
func (o *loan) Close() error {
	l := o.lender
	l.mu.Lock()
	o.closed = true
	l.mu.Unlock()
	l.closeIfDone()
	return nil
}
