package transport_test

import (
	"crypto/x509"
	"io"
	"net/http"
	"testing"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/transport"
)

// attempts counts how often a call of the method is tried when every attempt ends alike.
func attempts(t *testing.T, method string, answer func(*http.Request) (*http.Response, error), opts ...transport.Option) int {
	t.Helper()
	const limit = 3
	s := newScript(t, repeat(limit, answer)...)
	opts = append([]transport.Option{transport.WithBackoff(noWait), transport.WithMaxAttempts(limit), transport.WithKeyMethods()}, opts...)
	_, _, _ = roundTrip(t, transport.New(s, opts...), newRequest(t, method, ""))
	return len(s.sent)
}

func TestStatusTable(t *testing.T) {
	t.Parallel()
	retried := map[int]bool{408: true, 425: true, 429: true, 500: true, 502: true, 503: true, 504: true}
	for code := 200; code < 600; code++ {
		want := 1
		if retried[code] {
			want = 3
		}
		if got := attempts(t, "GET", status(code)); got != want {
			t.Errorf("GET %d: %d attempts, want %d", code, got, want)
		}
		if got := attempts(t, "POST", status(code)); got != 1 {
			t.Errorf("POST without a key, %d: %d attempts, want 1", code, got)
		}
	}
}

func TestMethodTable(t *testing.T) {
	t.Parallel()
	for method, want := range map[string]int{
		"GET": 3, "HEAD": 3, "OPTIONS": 3, "TRACE": 3, "PUT": 3, "DELETE": 3, "": 3,
		"POST": 1, "PATCH": 1, "CONNECT": 1, "LOCK": 1, "get": 1,
	} {
		if got := attempts(t, method, status(503)); got != want {
			t.Errorf("%s: %d attempts, want %d", method, got, want)
		}
		if method == "" || method == "GET" || method == "HEAD" || method == "OPTIONS" || method == "TRACE" {
			continue
		}
		if got := attempts(t, method, status(503), transport.WithKeyMethods(method)); got != 3 {
			t.Errorf("%s with a key: %d attempts, want 3", method, got)
		}
	}
}

func TestAnswersOfOurServer(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		code   int
		fields []string
		get    int // attempts
		post   int
	}{
		{"in progress", 409, []string{idem.StatusHeader, string(idem.InProgress)}, 3, 1},
		{"other conflict", 409, nil, 1, 1},
		{"outcome unknown", 409, []string{idem.StatusHeader, string(idem.OutcomeUnknown)}, 1, 1},
		{"response not stored", 409, []string{idem.StatusHeader, string(idem.ResponseNotStored)}, 1, 1},
		{"key reused", 422, []string{idem.StatusHeader, string(idem.KeyReused)}, 1, 1},
		{"store unavailable: nothing happened now, but perhaps before", 503, []string{idem.StatusHeader, string(idem.StoreUnavailable)}, 3, 1},
		{"unprotected", 503, []string{idem.StatusHeader, string(idem.Unprotected)}, 3, 1},
		{"a replayed failure is the result", 500, []string{idem.ReplayedHeader, "true"}, 1, 1},
	} {
		if got := attempts(t, "GET", status(tt.code, tt.fields...)); got != tt.get {
			t.Errorf("%s: GET: %d attempts, want %d", tt.name, got, tt.get)
		}
		if got := attempts(t, "POST", status(tt.code, tt.fields...)); got != tt.post {
			t.Errorf("%s: POST: %d attempts, want %d", tt.name, got, tt.post)
		}
		want := max(tt.get, tt.post)
		if got := attempts(t, "POST", status(tt.code, tt.fields...), transport.WithKeyMethods("POST")); got != want {
			t.Errorf("%s: POST with a key: %d attempts, want %d", tt.name, got, want)
		}
	}
}

func TestVerdictString(t *testing.T) {
	t.Parallel()
	for v, want := range map[transport.Verdict]string{
		transport.Unsure: "unsure", transport.Final: "final", transport.Repeat: "repeat", transport.Unprocessed: "unprocessed", 9: "invalid",
	} {
		if got := v.String(); got != want {
			t.Errorf("Verdict(%d) = %q, want %q", v, got, want)
		}
	}
}

// What a server says outright about another attempt beats its status, but not what our own
// rules, or the rules of the user, know.
func TestPushback(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		code   int
		fields []string
		opts   []transport.Option
		want   int
	}{
		{"stripe says no", 503, []string{"Stripe-Should-Retry", "false"}, nil, 1},
		{"stripe says yes", 409, []string{"Stripe-Should-Retry", "true"}, nil, 3},
		{"others say no", 429, []string{"X-Should-Retry", "false"}, nil, 1},
		{"others say yes", 400, []string{"X-Should-Retry", "true"}, nil, 3},
		{"neither", 503, []string{"X-Should-Retry", "perhaps"}, nil, 3},
		{"of a success", 200, []string{"X-Should-Retry", "true"}, nil, 1},
		{"of a replay", 500, []string{"X-Should-Retry", "true", idem.ReplayedHeader, "true"}, nil, 1},
		{"own rule", 503, []string{"X-Should-Retry", "false"}, []transport.Option{transport.WithClassifier(transport.OnStatus(transport.Repeat, 503))}, 3},
	} {
		if got := attempts(t, "GET", status(tt.code, tt.fields...), tt.opts...); got != tt.want {
			t.Errorf("%s: %d attempts, want %d", tt.name, got, tt.want)
		}
	}
}

// A call that was not sent may be sent, whatever it is; Classify says so for the rules of
// others, too.
func TestClassifyUnsent(t *testing.T) {
	t.Parallel()
	o := transport.Outcome{Request: newRequest(t, "POST", ""), Err: io.EOF, Attempt: 1, Unsent: true}
	if got := transport.Classify(o); got != transport.Unprocessed {
		t.Errorf("verdict %v", got)
	}
	o.Err = x509.UnknownAuthorityError{}
	if got := transport.Classify(o); got != transport.Final {
		t.Errorf("verdict %v of an error that stays", got)
	}
}
