package retryable

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/transport"
)

// Policy makes a CheckRetry a rule, which is never Unsure about an outcome: what the
// callback wants to try again is Repeat, or Unprocessed where [transport.Classify] knows
// that the server did nothing, and the rest is Final. So a POST without a key is not tried
// again only because the callback, which does not see the request, says so.
//
// The callback is given errors as http.Client would wrap them, in a *url.Error: the policies
// of go-retryablehttp try every other error again, that of an untrusted certificate, too. An
// error that it returns is lost to a rule; [Hooks.New] and [FromClient] return it. It panics
// when check is nil.
func Policy(check retryablehttp.CheckRetry) transport.Classifier {
	if check == nil {
		panic("retryable: Policy(nil)")
	}
	return func(o transport.Outcome) transport.Verdict {
		if o.Response == nil && o.Err == nil {
			return transport.Unsure // the callbacks expect one of the two, and would panic
		}
		ctx := o.Request.Context()
		asked := asClientError(o.Request, o.Err)
		again, err := check(ctx, o.Response, asked)
		if err == asked { //nolint:errorlint // nothing but what it was given
			err = nil
		}
		callFrom(ctx).judge(again, err)
		switch {
		case !again:
			return transport.Final
		case transport.Classify(o) == transport.Unprocessed:
			return transport.Unprocessed
		default:
			return transport.Repeat
		}
	}
}

// answers leaves responses that speak of an idempotency key to the default rule, because no
// CheckRetry knows what they say.
func answers(o transport.Outcome) transport.Verdict {
	if o.Response == nil {
		return transport.Unsure
	}
	h := o.Response.Header
	if h.Get(idem.StatusHeader) == "" && h.Get(idem.ReplayedHeader) == "" {
		return transport.Unsure
	}
	return transport.Classify(o)
}

// asClientError wraps an error as http.Client does; nil stays nil.
func asClientError(req *http.Request, err error) error {
	if err == nil {
		return nil
	}
	if is, ok := err.(*url.Error); ok { //nolint:errorlint // the callbacks look no deeper either
		return is
	}
	method, address := req.Method, ""
	if method == "" {
		method = http.MethodGet
	}
	if req.URL != nil {
		address = req.URL.Redacted()
	}
	return &url.Error{Op: method[:1] + strings.ToLower(method[1:]), URL: address, Err: err}
}

// bare takes off the wrapping that http.Client will put on again.
func bare(err error) error {
	if wrapped, ok := err.(*url.Error); ok { //nolint:errorlint // only the outermost
		return wrapped.Err
	}
	return err
}
