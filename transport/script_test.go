package transport_test

import (
	"io"
	"log"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"

	"github.com/goaroundhq/goaround/slot"
)

const api = "http://api.example.com/orders"

// noWait is a backoff for tests that are not about time.
var noWait = slot.BackoffFunc(func(int) time.Duration { return 0 })

// script is a mock transport that answers its calls one after the other, and remembers
// what it was sent.
type script struct {
	*httpmock.MockTransport
	sent []sent
}

// sent is a request as it arrived.
type sent struct {
	method string
	header http.Header
	body   string
	at     time.Time
}

// newScript answers with each responder in turn; a call after the last one fails the test.
func newScript(t *testing.T, answers ...httpmock.Responder) *script {
	t.Helper()
	s := &script{MockTransport: httpmock.NewMockTransport()}
	s.RegisterNoResponder(func(req *http.Request) (*http.Response, error) {
		var body []byte
		if req.Body != nil {
			defer req.Body.Close()
			var err error
			if body, err = io.ReadAll(req.Body); err != nil {
				return nil, err
			}
		}
		s.sent = append(s.sent, sent{req.Method, req.Header.Clone(), string(body), time.Now()})
		if len(s.sent) > len(answers) {
			t.Errorf("attempt %d, want at most %d", len(s.sent), len(answers))
			return nil, io.ErrUnexpectedEOF
		}
		return answers[len(s.sent)-1](req)
	})
	return s
}

// status answers with a status and header fields, given as pairs.
func status(code int, fields ...string) httpmock.Responder {
	resp := httpmock.NewStringResponder(code, http.StatusText(code))
	for i := 0; i < len(fields); i += 2 {
		resp = resp.HeaderAdd(http.Header{fields[i]: {fields[i+1]}})
	}
	return resp
}

// failure answers with an error.
func failure(err error) httpmock.Responder { return httpmock.NewErrorResponder(err) }

// repeat is the same answer n times.
func repeat(n int, r httpmock.Responder) []httpmock.Responder {
	all := make([]httpmock.Responder, n)
	for i := range all {
		all[i] = r
	}
	return all
}

// newRequest makes a request whose body has GetBody, as http.NewRequest does.
func newRequest(t *testing.T, method, body string) *http.Request {
	t.Helper()
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, api, r)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// roundTrip sends a request and reads what comes back.
func roundTrip(t *testing.T, rt http.RoundTripper, req *http.Request) (code int, body string, err error) {
	t.Helper()
	resp, err := rt.RoundTrip(req)
	if err != nil {
		if resp != nil {
			t.Error("a response came with an error")
		}
		return 0, "", err
	}
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Errorf("reading the response: %v", err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Errorf("closing the response: %v", err)
	}
	return resp.StatusCode, string(b), nil
}

func targetAPI(*http.Request) string { return "api" }

// quiet is for servers whose complaints are part of the test.
var quiet = log.New(io.Discard, "", 0)
