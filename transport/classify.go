package transport

import (
	"net/http"

	"github.com/goaroundhq/goaround/idem"
)

// Verdict says what an attempt's outcome means for the next one.
type Verdict uint8

const (
	// Unsure leaves it to the next rule.
	Unsure Verdict = iota
	// Final: another attempt would not end better, or must not be made.
	Final
	// Repeat: another attempt may end better. It is made only when the request may be
	// repeated: its method is idempotent or it carries a key.
	Repeat
	// Unprocessed: the server did nothing with the request, so any request may be
	// sent again.
	Unprocessed
)

// String returns the verdict in lower case, for logs and metric labels.
func (v Verdict) String() string {
	switch v {
	case Unsure:
		return "unsure"
	case Final:
		return "final"
	case Repeat:
		return "repeat"
	case Unprocessed:
		return "unprocessed"
	default:
		return "invalid"
	}
}

// Outcome is how an attempt ended: with a response or an error, never both.
type Outcome struct {
	Request  *http.Request
	Response *http.Response // a rule must not read its body
	Err      error
	Attempt  int // the first is 1
	// Unsent: there was an error before there was a connection to send the request on. It is
	// found out only for requests that may not be repeated otherwise, and only where the
	// RoundTripper below calls the functions of net/http/httptrace. Of another it is not known
	// whether a dial that failed was the first thing it did, and Classify takes it for that.
	Unsent bool

	sent bool // there was a connection; found out where Unsent is
}

// Classifier judges an outcome. It is safe for concurrent use. [Hedge], [Break] and [Retry]
// may each ask about the same one: Hedge about every exchange that comes in before the attempt
// is decided, and it and Break say Attempt 1 of all.
type Classifier func(Outcome) Verdict

// judge asks the rules in order, the default ones last.
func (c *config) judge(o Outcome) Verdict {
	v := Unsure
	for _, rule := range c.classifier {
		if v = rule(o); v != Unsure {
			break
		}
	}
	if v == Unsure {
		v = Classify(o)
	}
	return v
}

// permit applies what the request allows to a verdict. One that does not exist is Final.
func permit(req *http.Request, v Verdict) Verdict {
	if v == Unprocessed || (v == Repeat && repeatable(req)) {
		return v
	}
	return Final
}

// Classify is the default rule; see the package documentation. It is never Unsure and
// does not look at the request's method.
func Classify(o Outcome) Verdict {
	if o.Response == nil {
		return classifyError(o)
	}
	return classifyResponse(o.Response)
}

func classifyResponse(resp *http.Response) Verdict {
	if resp.Header.Get(idem.ReplayedHeader) == "true" {
		return Final // the operation is done, this is how it ended
	}
	switch idem.Status(resp.Header.Get(idem.StatusHeader)) {
	case idem.InProgress, idem.StoreUnavailable:
		return Repeat // with its key: what became of earlier attempts is not known here
	case idem.OutcomeUnknown, idem.ResponseNotStored, idem.KeyReused:
		return Final
	}
	if v := pushback(resp); v != Unsure {
		return v
	}
	switch resp.StatusCode {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests,
		http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return Repeat
	default:
		return Final
	}
}

// pushback is what a server says outright about another attempt, which it knows better than
// its status can tell: Stripe, and those whose clients were made with Stainless.
func pushback(resp *http.Response) Verdict {
	if resp.StatusCode < http.StatusBadRequest {
		return Unsure
	}
	for _, field := range [...]string{"Stripe-Should-Retry", "X-Should-Retry"} {
		switch resp.Header.Get(field) {
		case "true":
			return Repeat
		case "false":
			return Final
		}
	}
	return Unsure
}

// repeatable reports whether the request may be sent again although the server may
// have acted on it: idempotent by method (RFC 9110, 9.2.2) or by key.
func repeatable(req *http.Request) bool {
	return safe(req.Method) || req.Method == http.MethodPut || req.Method == http.MethodDelete || keyed(req)
}
