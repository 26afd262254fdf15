package transporttest

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

var responseRules = []rule{
	{
		name: "Response/NeverComesWithAnError", http2: true,
		says: "there is either a response or an error, never both and never neither",
		check: func(e *env) {
			for _, end := range endings {
				s := e.script(end.answer)
				resp, err := s.rt.RoundTrip(s.request(http.MethodGet, nil))
				if (resp == nil) == (err == nil) {
					e.errorf("after %s: response %v and error %v", end.name, describe(resp), err)
				}
				if resp != nil && resp.Body != nil {
					_ = resp.Body.Close()
				}
			}
		},
	},
	{
		name: "Response/EveryStatusIsAResponse", http2: true,
		says: "a response comes back as it is whatever its status, and is not made an error",
		check: func(e *env) {
			s := e.serve(func(w http.ResponseWriter, r *http.Request) {
				code, _ := strconv.Atoi(r.Header.Get("X-Status"))
				status(code, "X-Status", r.Header.Get("X-Status"))(w, r)
			})
			for _, code := range []int{200, 201, 301, 304, 400, 401, 404, 408, 409, 422, 425, 429, 500, 501, 502, 503, 504} {
				want := content(code)
				if code == http.StatusNotModified {
					want = ""
				}
				req := s.request(http.MethodGet, nil)
				req.Header.Set("X-Status", strconv.Itoa(code))
				r := s.expect(req, code, want)
				if got := r.Header.Get("X-Status"); got != strconv.Itoa(code) {
					e.errorf("a %d has the field %q", code, got)
				}
			}
		},
	},
	{
		name: "Response/IsPassedOn", http2: true,
		says: "header, length and request of a response are there, and its length is that of the body",
		check: func(e *env) {
			s := e.script(status(200, "X-Mine", "1"))
			req := s.request(http.MethodGet, nil)
			r := s.expect(req, 200, content(200))
			switch {
			case r.Header.Get("X-Mine") != "1", r.ContentLength != int64(len(content(200))):
				e.errorf("header %v and length %d", r.Header, r.ContentLength)
			case r.Request == nil || r.Request.URL.String() != req.URL.String():
				e.errorf("the response is not to the request that was sent: %v", r.Request)
			case r.ProtoMajor != 2 && e.http2, r.ProtoMajor != 1 && !e.http2:
				e.errorf("the protocol is said to be %s", r.Proto)
			}
		},
	},
	{
		name: "Response/NoBodyIsAnEmptyBody", http2: true,
		says: "responses to HEAD and those with 204 and 304 have a body that is empty, not nil",
		check: func(e *env) {
			s := e.script(status(200))
			r := s.expect(s.request(http.MethodHead, nil), 200, "")
			if r.ContentLength != int64(len(content(200))) {
				e.errorf("the response to HEAD has the length %d, want that of GET", r.ContentLength)
			}
			for _, code := range []int{http.StatusNoContent, http.StatusNotModified} {
				s := e.script(status(code))
				s.expect(s.request(http.MethodGet, nil), code, "")
			}
		},
	},
	{
		name: "Response/BodyOutlivesTheCall", http2: true,
		says: "the body of a response can be read long after RoundTrip has returned",
		check: func(e *env) {
			returned := make(chan struct{})
			s := e.serve(func(w http.ResponseWriter, _ *http.Request) {
				_ = http.NewResponseController(w).Flush()
				e.hold(returned)
				_, _ = io.WriteString(w, strings.Repeat("late", 64<<10))
			})
			resp, err := s.send(s.request(http.MethodGet, nil))
			if err != nil {
				e.fatalf("GET: %v", err)
			}
			defer resp.Body.Close()
			close(returned)
			if body, err := io.ReadAll(resp.Body); err != nil || string(body) != strings.Repeat("late", 64<<10) {
				e.errorf("after the return, %d bytes can be read: %v", len(body), err)
			}
		},
	},
	{
		name: "Response/BrokenBodyIsAnError", http2: true,
		says: "a response whose connection breaks in the middle does not look whole",
		check: func(e *env) {
			s := e.serve(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", "100")
				_, _ = io.WriteString(w, "half")
				_ = http.NewResponseController(w).Flush()
				panic(http.ErrAbortHandler)
			})
			if r, err := s.do(s.request(http.MethodPost, nil)); err == nil {
				e.errorf("a body %q of %d bytes, without an error", r.body, r.ContentLength)
			}
		},
	},
	{
		name: "Response/TrailerComes", http2: true,
		says: "the trailer of a response is there when its body was read, and that of a request arrives",
		check: func(e *env) {
			s := e.serve(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Trailer", "X-Sum")
				echo(w, r)
				w.Header().Set("X-Sum", r.Trailer.Get("X-Mine"))
			})
			req := s.request(http.MethodPut, io.MultiReader(strings.NewReader("content")))
			req.Trailer = http.Header{"X-Mine": {"42"}}
			r := s.expect(req, 200, "content")
			if got := r.Trailer.Get("X-Sum"); got != "42" {
				e.errorf("the trailer is %v, want what the request's was", r.Trailer)
			}
		},
	},
	{
		name: "Response/UpgradeIsPassedOn",
		says: "the body of a 101 can be written to, and its writing half be ended where net/http can, so that WebSockets work",
		check: func(e *env) {
			s := e.serve(upgrade)
			resp := s.upgraded(s.rt)
			defer resp.Body.Close()
			conn, ok := resp.Body.(io.ReadWriter)
			if resp.StatusCode != http.StatusSwitchingProtocols || !ok {
				e.fatalf("%d with a body that is a %T, want a 101 and an io.ReadWriter", resp.StatusCode, resp.Body)
			}
			heard := make([]byte, len("ping"))
			if _, err := io.WriteString(conn, "ping"); err != nil {
				e.errorf("writing: %v", err)
			} else if _, err := io.ReadFull(conn, heard); err != nil || string(heard) != "ping" {
				e.errorf("heard %q, %v", heard, err)
			}
			bare := s.upgraded(s.base)
			defer bare.Body.Close()
			if _, ok := bare.Body.(writeCloser); !ok {
				return // as in older versions of Go
			}
			half, ok := conn.(writeCloser)
			if !ok {
				e.fatalf("the body is a %T without CloseWrite", resp.Body)
			}
			err := half.CloseWrite()
			if rest, read := io.ReadAll(conn); err != nil || read != nil || len(rest) > 0 {
				e.errorf("ending the writing half: %v; then %q, %v, want the end", err, rest, read)
			}
		},
	},
}

type writeCloser interface{ CloseWrite() error }

// upgraded asks for another protocol.
func (s *service) upgraded(rt http.RoundTripper) *http.Response {
	req := s.request(http.MethodGet, nil)
	req.Header.Set("Connection", "Upgrade")
	req.Header.Set("Upgrade", "echo")
	resp, err := rt.RoundTrip(req)
	if err != nil {
		s.fatalf("GET: %v", err)
	}
	return resp
}

// upgrade answers 101 and then echoes what it hears.
func upgrade(w http.ResponseWriter, _ *http.Request) {
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	_, _ = io.Copy(conn, rw)
}

func describe(resp *http.Response) string {
	if resp == nil {
		return "none"
	}
	return fmt.Sprint(resp.StatusCode)
}
