package transporttest

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
)

// upload is a request with the bodies that were made for it.
type upload struct {
	req *http.Request
	mu  sync.Mutex
	all []*watched
}

// bodyKind is a kind of request body, by what can be done to send it again.
type bodyKind struct {
	name string
	put  func(u *upload, content string)
}

// The kinds of bodies: what a target does about a body, it may do by its kind.
var (
	reopened = bodyKind{"a body with GetBody", func(u *upload, content string) {
		u.req.Body = u.add(strings.NewReader(content))
		u.req.GetBody = func() (io.ReadCloser, error) { return u.add(strings.NewReader(content)), nil }
	}}
	rewound = bodyKind{"a body with Seek", func(u *upload, content string) {
		r := strings.NewReader(content)
		u.req.Body = rewindable{u.add(r), r}
	}}
	onceOnly = bodyKind{"a body that is sent once", func(u *upload, content string) {
		u.req.Body = u.add(io.MultiReader(strings.NewReader(content)))
	}}
	bodyKinds = []bodyKind{reopened, rewound, onceOnly}
)

// upload makes a PUT with a body of a kind.
func (s *service) upload(ctx context.Context, kind bodyKind, content string) *upload {
	u := &upload{req: s.requestWith(ctx, http.MethodPut, nil)}
	kind.put(u, content)
	u.req.ContentLength = int64(len(content))
	return u
}

func (u *upload) add(r io.Reader) *watched {
	u.mu.Lock()
	defer u.mu.Unlock()
	body := &watched{Reader: r}
	u.all = append(u.all, body)
	return body
}

// opened is how many bodies there are: the first, and those of GetBody.
func (u *upload) opened() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.all)
}

// closed reports whether every body was closed.
func (u *upload) closed() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, body := range u.all {
		if body.closes.Load() == 0 {
			return false
		}
	}
	return true
}

// read is how many bytes were read of all bodies.
func (u *upload) read() (n int64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, body := range u.all {
		n += body.read.Load()
	}
	return n
}
