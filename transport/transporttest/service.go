package transporttest

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// nowhere is an address at which nobody listens (tcpmux). The port of a server that was closed
// may be that of another test by then.
const nowhere = "127.0.0.1:1"

// service is a server on real connections, with the target in front of it.
type service struct {
	*env
	server *httptest.Server
	base   *http.Transport
	tap    *tap
	rt     http.RoundTripper // the target
	conns  atomic.Int32      // opened so far

	mu       sync.Mutex
	arrivals []arrival
}

// arrival is a request as the server got it.
type arrival struct {
	method string
	header http.Header
	body   string // what came of it
	err    error  // of reading it
	at     time.Time
}

// serve starts a service.
func (e *env) serve(h http.HandlerFunc) *service {
	s := &service{env: e}
	s.server = httptest.NewUnstartedServer(h)
	s.server.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.conns.Add(1)
		}
	}
	if e.http2 {
		s.server.EnableHTTP2 = true
		s.server.StartTLS()
	} else {
		s.server.Start()
	}
	s.connect(s.server.Client().Transport.(*http.Transport))
	return s
}

// connect puts the target in front of the server.
func (s *service) connect(base *http.Transport) {
	base.ExpectContinueTimeout = s.Patience
	s.base, s.tap = base, &tap{next: base}
	s.rt = s.New(s.tap)
	s.cleanup(func() {
		s.base.CloseIdleConnections()
		s.server.CloseClientConnections()
		s.server.Close()
	})
}

// script starts a service that reads each request to its end, notes it, and answers with
// one handler after the other; the last one answers all further requests, too.
func (e *env) script(answers ...http.HandlerFunc) *service {
	var s *service
	s = e.serve(func(w http.ResponseWriter, r *http.Request) {
		at := time.Now()
		body, err := io.ReadAll(r.Body)
		n := s.note(arrival{method: r.Method, header: r.Header.Clone(), body: string(body), err: err, at: at})
		answers[min(n, len(answers))-1](w, r)
	})
	return s
}

func (s *service) note(a arrival) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.arrivals = append(s.arrivals, a)
	return len(s.arrivals)
}

// seen are the requests that came so far.
func (s *service) seen() []arrival {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.arrivals[:len(s.arrivals):len(s.arrivals)]
}

// status answers with a status, a body that names it, and header fields given as pairs.
func status(code int, fields ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(fields); i += 2 {
			w.Header().Set(fields[i], fields[i+1])
		}
		w.WriteHeader(code)
		if code >= 200 && code != http.StatusNoContent && code != http.StatusNotModified {
			_, _ = io.WriteString(w, content(code))
		}
	}
}

func content(code int) string { return "content of " + strconv.Itoa(code) }

// drop breaks the connection, or the stream, without an answer.
func drop(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// echo answers with the body of the request.
func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
	}
	_, _ = w.Write(body)
}

// request makes a request as http.NewRequest does.
func (s *service) request(method string, body io.Reader) *http.Request {
	return s.requestWith(s.ctx, method, body)
}

func (s *service) requestWith(ctx context.Context, method string, body io.Reader) *http.Request {
	req, err := http.NewRequestWithContext(ctx, method, s.server.URL+"/orders?page=1", body)
	if err != nil {
		s.fatalf("the suite itself: %v", err)
	}
	return req
}

// reply is a response that was read to its end.
type reply struct {
	*http.Response
	body string
}

// do sends a request and reads and closes what comes back.
func (s *service) do(req *http.Request) (reply, error) {
	resp, err := s.send(req)
	if err != nil {
		return reply{}, err
	}
	body, err := io.ReadAll(resp.Body)
	if closed := resp.Body.Close(); err == nil {
		err = closed
	}
	return reply{resp, string(body)}, err
}

// send sends a request. There is a response when there is no error: what is not lawful
// about that is the matter of a rule of its own.
func (s *service) send(req *http.Request) (*http.Response, error) {
	resp, err := s.rt.RoundTrip(req)
	if err != nil {
		if resp != nil && resp.Body != nil {
			_ = resp.Body.Close()
		}
		return nil, err
	}
	if resp == nil || resp.Body == nil {
		s.fatalf("neither a response with a body nor an error")
	}
	return resp, nil
}

// expect sends a request and wants a status and a body.
func (s *service) expect(req *http.Request, code int, body string) reply {
	r, err := s.do(req)
	switch {
	case err != nil:
		s.errorf("%s: %v", req.Method, err)
		return reply{Response: &http.Response{}}
	case r.StatusCode != code || r.body != body:
		s.errorf("%s: %d with %d bytes %.40q, want %d with %d bytes %.40q",
			req.Method, r.StatusCode, len(r.body), r.body, code, len(body), body)
	}
	return r
}

// abort sends a request in a goroutine, and cancels it once reached is closed. It returns
// the error that came then, or complains that none came.
func (s *service) abort(req *http.Request, reached <-chan struct{}, cancel func()) error {
	ended := make(chan error, 1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer s.recovered()
		r, err := s.do(req)
		if err == nil {
			s.errorf("a response %d without an error after the end of the context", r.StatusCode)
		}
		ended <- err
	}()
	s.came("the request at the server", reached)
	cancel()
	if !s.came("the end of the call after that of its context", done) {
		return nil
	}
	select {
	case err := <-ended:
		return err
	default:
		return nil
	}
}
