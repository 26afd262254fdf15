package transport

import (
	"net/http"
	"slices"
)

// OnStatus is the rule that gives a verdict to responses of certain statuses.
func OnStatus(v Verdict, codes ...int) Classifier {
	codes = slices.Clone(codes)
	return OnResponse(v, func(resp *http.Response) bool { return slices.Contains(codes, resp.StatusCode) })
}

// OnResponse is the rule that gives a verdict to responses for which f is true. Like every
// rule, f must not read the body. It panics when f is nil.
func OnResponse(v Verdict, f func(*http.Response) bool) Classifier {
	if f == nil {
		panic("transport: OnResponse(nil)")
	}
	return func(o Outcome) Verdict {
		if o.Response != nil && f(o.Response) {
			return v
		}
		return Unsure
	}
}

// OnError is the rule that gives a verdict to errors for which f is true, such as one that
// looks for an error by [errors.Is]. It panics when f is nil.
func OnError(v Verdict, f func(error) bool) Classifier {
	if f == nil {
		panic("transport: OnError(nil)")
	}
	return func(o Outcome) Verdict {
		if o.Err != nil && f(o.Err) {
			return v
		}
		return Unsure
	}
}
