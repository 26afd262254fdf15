package transport_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/goaroundhq/goaround/transport"
)

func TestOwnRulesComeFirst(t *testing.T) {
	t.Parallel()
	is := func(code int, v transport.Verdict) transport.Classifier {
		return func(o transport.Outcome) transport.Verdict {
			if o.Response != nil && o.Response.StatusCode == code {
				return v
			}
			return transport.Unsure
		}
	}
	for _, tt := range []struct {
		name   string
		rules  []transport.Classifier
		method string
		answer func(*http.Request) (*http.Response, error)
		want   int
	}{
		{"forbids", []transport.Classifier{is(503, transport.Final)}, "GET", status(503), 1},
		{"allows", []transport.Classifier{is(404, transport.Repeat)}, "GET", status(404), 3},
		{"allows, but the method does not", []transport.Classifier{is(404, transport.Repeat)}, "POST", status(404), 1},
		{"knows that nothing happened", []transport.Classifier{is(404, transport.Unprocessed)}, "POST", status(404), 3},
		{"retries a success", []transport.Classifier{is(202, transport.Repeat)}, "GET", status(202), 3},
		{"the first that knows", []transport.Classifier{is(404, transport.Unsure), is(404, transport.Final), is(404, transport.Repeat)}, "GET", status(404), 1},
		{"no such verdict", []transport.Classifier{is(503, 9)}, "GET", status(503), 1},
		{"none knows", []transport.Classifier{is(404, transport.Final)}, "GET", status(503), 3},
	} {
		if got := attempts(t, tt.method, tt.answer, transport.WithClassifier(tt.rules...)); got != tt.want {
			t.Errorf("%s: %d attempts, want %d", tt.name, got, tt.want)
		}
	}
}

func TestRulesSeeTheAttempt(t *testing.T) {
	t.Parallel()
	var seen []int
	rule := func(o transport.Outcome) transport.Verdict {
		if (o.Response == nil) == (o.Err == nil) || o.Request == nil {
			t.Errorf("outcome %+v", o)
		}
		seen = append(seen, o.Attempt)
		return transport.Unsure
	}
	s := newScript(t, status(503), failure(io.EOF), status(200))
	if code, _, _ := roundTrip(t, transport.New(s, transport.WithClassifier(rule), transport.WithBackoff(noWait)), newRequest(t, "GET", "")); code != 200 {
		t.Errorf("status %d", code)
	}
	if fmt.Sprint(seen) != "[1 2 3]" {
		t.Errorf("attempts %v", seen)
	}
}

func TestRules(t *testing.T) {
	t.Parallel()
	errOdd := errors.New("odd")
	limited := func(resp *http.Response) bool { return resp.Header.Get("X-Limited") != "" }
	isOdd := func(err error) bool { return errors.Is(err, errOdd) }
	for _, tt := range []struct {
		name   string
		rule   transport.Classifier
		answer func(*http.Request) (*http.Response, error)
		want   int
	}{
		{"status", transport.OnStatus(transport.Repeat, 404, 520), status(520), 3},
		{"another status", transport.OnStatus(transport.Repeat, 404, 520), status(521), 1},
		{"status of an error", transport.OnStatus(transport.Final, 0), failure(io.EOF), 3},
		{"response", transport.OnResponse(transport.Repeat, limited), status(403, "X-Limited", "1"), 3},
		{"another response", transport.OnResponse(transport.Repeat, limited), status(403), 1},
		{"response of an error", transport.OnResponse(transport.Final, limited), failure(io.EOF), 3},
		{"error", transport.OnError(transport.Final, isOdd), failure(fmt.Errorf("wrapped: %w", errOdd)), 1},
		{"another error", transport.OnError(transport.Final, isOdd), failure(io.EOF), 3},
		{"error of a response", transport.OnError(transport.Final, isOdd), status(503), 3},
	} {
		if got := attempts(t, "GET", tt.answer, transport.WithClassifier(tt.rule)); got != tt.want {
			t.Errorf("%s: %d attempts, want %d", tt.name, got, tt.want)
		}
	}
	for want, f := range map[string]func(){
		"transport: OnResponse(nil)": func() { transport.OnResponse(transport.Final, nil) },
		"transport: OnError(nil)":    func() { transport.OnError(transport.Final, nil) },
	} {
		func() {
			defer func() {
				if got := recover(); got != want {
					t.Errorf("recovered %v, want %q", got, want)
				}
			}()
			f()
		}()
	}
}
