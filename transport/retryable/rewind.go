package retryable

import (
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/goaroundhq/goaround/transport"
)

// opener opens the body of a request for each attempt, if that is possible; else it is nil.
// done is for when the call has ended: it closes the caller's body, now or as soon as the
// last attempt has closed it.
func opener(req *http.Request) (open retryablehttp.ReaderFunc, done func()) {
	done = func() { closeBody(req) }
	if req.Body == nil || req.Body == http.NoBody {
		return nil, done
	}
	if req.GetBody != nil {
		return func() (io.Reader, error) { return req.GetBody() }, done
	}
	seeker, ok := req.Body.(io.Seeker)
	if !ok {
		return nil, done
	}
	start, err := seeker.Seek(0, io.SeekCurrent)
	if err != nil { // pipes are files, too
		return nil, done
	}
	r := &rewinder{body: req.Body, seeker: seeker, start: start}
	return r.open, r.done
}

// rewinder sends a body that can seek from where it stood.
type rewinder struct {
	body   io.ReadCloser
	seeker io.Seeker
	start  int64
	last   *rewound
}

// patience is how long an attempt that is over may go on reading the body before the next.
const patience = 100 * time.Millisecond

// open rewinds the body, when the last attempt has let it go. It and done are called one
// after the other.
func (r *rewinder) open() (io.Reader, error) {
	if r.last != nil {
		select {
		case <-r.last.closed:
		case <-time.After(patience):
			return nil, transport.ErrBody
		}
	}
	if _, err := r.seeker.Seek(r.start, io.SeekStart); err != nil {
		return nil, errors.Join(transport.ErrBody, err)
	}
	r.last = &rewound{ReadCloser: r.body, closed: make(chan struct{})}
	return r.last, nil
}

func (r *rewinder) done() {
	if r.last == nil {
		_ = r.body.Close()
		return
	}
	r.last.leave()
}

// rewound is the body as one attempt sees it. The caller's is closed when both the attempt
// and the call have left it.
type rewound struct {
	io.ReadCloser
	once   sync.Once
	closed chan struct{}
	left   atomic.Int32
}

func (r *rewound) Close() error {
	r.once.Do(func() {
		close(r.closed)
		r.leave()
	})
	return nil
}

func (r *rewound) leave() {
	if r.left.Add(1) == 2 {
		_ = r.ReadCloser.Close() // the call has ended, and nobody is there to be told
	}
}
