package transporttest

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"time"
)

var clientRules = []rule{
	{
		name: "Client/TimeoutEndsTheWait", http2: true,
		says: "http.Client.Timeout ends a call that waits for the server, with an error that is a timeout",
		check: func(e *env) {
			s, _ := e.stuck()
			client := s.client()
			client.Timeout = 100 * time.Millisecond
			done := make(chan struct{})
			go func() {
				defer close(done)
				defer e.recovered()
				resp, err := client.Do(s.request(http.MethodGet, nil))
				if err == nil {
					_ = resp.Body.Close()
				}
				e.wantTimeout("waiting", err)
			}()
			e.came("the end of the call after http.Client.Timeout", done)
		},
	},
	{
		name: "Client/TimeoutEndsTheRead", http2: true,
		says: "http.Client.Timeout ends the read of a response that does not go on, with an error that is a timeout",
		check: func(e *env) {
			s := e.serve(func(w http.ResponseWriter, _ *http.Request) {
				_ = http.NewResponseController(w).Flush()
				e.hold(nil)
			})
			resp, err := s.doWithin(time.Second)
			if err != nil { // a busy machine has not even sent the header in that time
				resp, err = s.doWithin(e.Patience / 2)
			}
			if err != nil {
				e.fatalf("GET: %v", err)
			}
			defer resp.Body.Close()
			read := make(chan struct{})
			go func() {
				defer close(read)
				_, err := io.ReadAll(resp.Body)
				e.wantTimeout("reading", err)
			}()
			e.came("the end of reading after http.Client.Timeout", read)
		},
	},
	{
		name: "Client/RedirectsAreLeftToIt", http2: true,
		says: "a redirect is a response like others; http.Client follows it, and asks CheckRedirect first",
		check: func(e *env) {
			s := e.redirecting(http.StatusFound)
			r, err := s.do(s.request(http.MethodGet, nil))
			if err != nil || r.StatusCode != http.StatusFound {
				e.errorf("RoundTrip came back with %s, %v", describe(r.Response), err)
			}
			client, asked := s.client(), 0
			client.CheckRedirect = func(*http.Request, []*http.Request) error {
				asked++
				return http.ErrUseLastResponse
			}
			resp, err := client.Do(s.request(http.MethodGet, nil))
			if err != nil {
				e.fatalf("GET: %v", err)
			}
			_ = resp.Body.Close()
			if asked != 1 || resp.StatusCode != http.StatusFound {
				e.errorf("CheckRedirect was asked %d times, and the status is %d", asked, resp.StatusCode)
			}
		},
	},
	{
		name: "Client/RedirectRepeatsTheBody", http2: true,
		says: "a 307 repeats the request with its whole body elsewhere",
		check: func(e *env) {
			s := e.redirecting(http.StatusTemporaryRedirect)
			resp, err := s.client().Do(s.request(http.MethodPost, strings.NewReader("content")))
			if err != nil {
				e.fatalf("POST: %v", err)
			}
			defer resp.Body.Close()
			if body, err := io.ReadAll(resp.Body); err != nil || string(body) != "content" {
				e.errorf("the second server got %q, %v", body, err)
			}
		},
	},
	{
		name: "Client/CookiesAreItsOwn", http2: true,
		says: "cookies of a response reach the jar of the http.Client, and the next request",
		check: func(e *env) {
			s := e.script(status(200, "Set-Cookie", "session=42; Path=/"))
			client := s.client()
			client.Jar, _ = cookiejar.New(nil) // which has no errors without options
			for range 2 {
				resp, err := client.Do(s.request(http.MethodGet, nil))
				if err != nil {
					e.fatalf("GET: %v", err)
				}
				_ = resp.Body.Close()
			}
			if got := s.seen()[1].header["Cookie"]; len(got) != 1 || got[0] != "session=42" {
				e.errorf("the second request has the cookies %q", got)
			}
		},
	},
	{
		name: "Client/CloseIdleConnectionsIsPassedOn",
		says: "http.Client.CloseIdleConnections reaches the transport",
		check: func(e *env) {
			s := e.script(status(200))
			s.client().CloseIdleConnections()
			if n := s.tap.idleCalls.Load(); n != 1 {
				e.errorf("it was called %d times", n)
			}
		},
	},
}

// doWithin sends a GET with a timeout that goes on while the response is read.
func (s *service) doWithin(timeout time.Duration) (*http.Response, error) {
	client := s.client()
	client.Timeout = timeout
	return client.Do(s.request(http.MethodGet, nil))
}

func (s *service) client() *http.Client { return &http.Client{Transport: s.rt} }

// redirecting starts a service that sends requests on to another place of its own, and
// echoes there.
func (e *env) redirecting(code int) *service {
	return e.serve(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/elsewhere" {
			http.Redirect(w, r, "/elsewhere", code)
			return
		}
		echo(w, r)
	})
}

func (e *env) wantTimeout(when string, err error) {
	var timeout net.Error
	if !errors.As(err, &timeout) || !timeout.Timeout() {
		e.errorf("%s ended with %v, want a timeout", when, err)
	}
}
