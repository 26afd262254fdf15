package transporttest

import (
	"crypto/sha256"
	"fmt"
	"io"
	"math"
	"net/http"
	"runtime"
	"strings"
)

// large is the size of bodies that must not be held in memory, in bytes.
const large = 16 << 20

var streamRules = []rule{
	{
		name: "Stream/RequestIsSentAsItComes", http2: true,
		says: "the server gets the first part of a body before the caller has written the second",
		check: func(e *env) {
			got := make(chan struct{})
			s := e.serve(func(w http.ResponseWriter, r *http.Request) {
				first := make([]byte, len("first"))
				_, err := io.ReadFull(r.Body, first)
				close(got)
				rest, _ := io.ReadAll(r.Body)
				_, _ = fmt.Fprint(w, string(first), string(rest), err)
			})
			body, writer := io.Pipe()
			go func() {
				_, _ = io.WriteString(writer, "first")
				if !e.came("the first part of a body", got) {
					_ = writer.CloseWithError(io.ErrUnexpectedEOF)
				}
				_, _ = io.WriteString(writer, "second")
				_ = writer.Close()
			}()
			s.expect(s.request(http.MethodPut, body), 200, "firstsecond<nil>")
		},
	},
	{
		name: "Stream/ResponseIsReadAsItComes", http2: true,
		says: "the caller reads the first part of a response before the server has written the second",
		check: func(e *env) {
			got := make(chan struct{})
			s := e.serve(func(w http.ResponseWriter, _ *http.Request) {
				_, _ = io.WriteString(w, "first")
				_ = http.NewResponseController(w).Flush()
				e.hold(got)
				_, _ = io.WriteString(w, "second")
			})
			done := make(chan struct{})
			go func() {
				defer close(done)
				defer e.recovered()
				s.readInTwo(got)
			}()
			if !e.came("the first part of a response", got) {
				s.server.CloseClientConnections()
			}
			e.came("the second part of a response", done)
		},
	},
	{
		name: "Stream/BothWaysAtOnce",
		says: "a server that answers while it reads is heard while the body is written",
		check: func(e *env) {
			s := e.serve(answerWhileReading)
			body, writer := io.Pipe()
			defer writer.Close()
			go func() { _, _ = io.WriteString(writer, "ping") }()
			heard := make(chan struct{})
			go func() {
				defer close(heard)
				defer e.recovered()
				s.converse(s.request(http.MethodPost, body), writer)
			}()
			if !e.came("the answer to the first part of a body", heard) {
				_ = writer.CloseWithError(io.ErrUnexpectedEOF)
			}
		},
	},
	{
		name: "Stream/NotReadAhead", http2: true,
		says: "nothing of a body that can be opened again is read before the connection takes it",
		check: func(e *env) {
			s := e.serve(echo)
			u := s.upload(e.ctx, reopened, "content")
			s.tap.look = func(*http.Request) {
				if n := u.read(); n > 0 {
					e.errorf("%d of %d bytes are read before they can be sent", n, u.req.ContentLength)
				}
			}
			s.expect(u.req, 200, "content")
		},
	},
	{
		name: "Stream/LargeRequestIsNotHeld", alone: true,
		says: "a large body with GetBody is not copied into memory",
		check: func(e *env) {
			s := e.serve(func(w http.ResponseWriter, r *http.Request) {
				n, _ := io.Copy(io.Discard, r.Body)
				_, _ = fmt.Fprint(w, n)
			})
			e.allocatesLittle(func() {
				u := s.upload(e.ctx, reopened, "")
				u.req.GetBody = func() (io.ReadCloser, error) { return u.add(io.LimitReader(zeros{}, large)), nil }
				u.req.Body, _ = u.req.GetBody()
				u.req.ContentLength = large
				s.expect(u.req, 200, fmt.Sprint(large))
			})
		},
	},
	{
		name: "Stream/LargeResponseIsNotHeld", alone: true,
		says: "a large response is not copied into memory, and is whole",
		check: func(e *env) {
			s := e.serve(func(w http.ResponseWriter, _ *http.Request) {
				_, _ = io.Copy(w, io.LimitReader(zeros{}, large))
			})
			want := sum(io.LimitReader(zeros{}, large))
			e.allocatesLittle(func() {
				resp, err := s.send(s.request(http.MethodGet, nil))
				if err != nil {
					e.fatalf("GET: %v", err)
				}
				if sum(resp.Body) != want {
					e.errorf("the response is not what was sent")
				}
				_ = resp.Body.Close()
			})
		},
	},
}

// readInTwo reads a response, and tells when it has the first part.
func (s *service) readInTwo(got chan<- struct{}) {
	resp, err := s.send(s.request(http.MethodGet, nil))
	if err != nil {
		s.fatalf("GET: %v", err)
	}
	defer resp.Body.Close()
	first := make([]byte, len("first"))
	if _, err := io.ReadFull(resp.Body, first); err != nil {
		s.fatalf("reading the first part: %v", err)
	}
	close(got)
	if rest, err := io.ReadAll(resp.Body); err != nil || string(rest) != "second" {
		s.errorf("the second part reads %q, %v", rest, err)
	}
}

func answerWhileReading(w http.ResponseWriter, r *http.Request) {
	control := http.NewResponseController(w)
	_ = control.EnableFullDuplex()
	part := make([]byte, len("ping"))
	for {
		if _, err := io.ReadFull(r.Body, part); err != nil {
			return
		}
		_, _ = io.WriteString(w, strings.ToUpper(string(part)))
		_ = control.Flush()
	}
}

// converse hears the answer to what was written, and writes and hears once more.
func (s *service) converse(req *http.Request, writer *io.PipeWriter) {
	resp, err := s.send(req)
	if err != nil {
		s.fatalf("POST: %v", err)
	}
	defer resp.Body.Close()
	part := make([]byte, len("PING"))
	if _, err := io.ReadFull(resp.Body, part); err != nil || string(part) != "PING" {
		s.errorf("the first answer is %q, %v", part, err)
	}
	_, _ = io.WriteString(writer, "pong")
	if _, err := io.ReadFull(resp.Body, part); err != nil || string(part) != "PONG" {
		s.errorf("the second answer is %q, %v", part, err)
	}
	_ = writer.Close()
	if _, err := io.ReadAll(resp.Body); err != nil {
		s.errorf("the end: %v", err)
	}
}

// allocatesLittle complains when f allocates half of a large body. What else the
// process does at the same time is counted, too: one good try of some is enough.
func (e *env) allocatesLittle(f func()) {
	least := uint64(math.MaxUint64)
	var start, end runtime.MemStats
	for try := 0; try < 10 && least >= large/2 && e.ctx.Err() == nil; try++ {
		runtime.ReadMemStats(&start)
		f()
		runtime.ReadMemStats(&end)
		least = min(least, end.TotalAlloc-start.TotalAlloc)
	}
	if least >= large/2 {
		e.errorf("%d KiB are allocated for %d KiB", least>>10, large>>10)
	}
}

// zeros is an endless body that costs no memory.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func sum(r io.Reader) [sha256.Size]byte {
	h := sha256.New()
	_, _ = io.Copy(h, r)
	return [sha256.Size]byte(h.Sum(nil))
}
