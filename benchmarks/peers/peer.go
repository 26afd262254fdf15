package main

import (
	"net/http"

	"github.com/failsafe-go/failsafe-go/failsafehttp"
	"github.com/gojek/heimdall/v7/httpclient"
	"github.com/hashicorp/go-retryablehttp"

	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/transport"
)

// tries is how often every peer tries a call, the first attempt included.
const tries = 3

// peer is a way to retry, set to try three times without a wait of its own and without a
// log, and otherwise as it comes.
type peer struct {
	name   string
	module string // whose version the table shows; "" for what is written here
	wrap   func(base http.RoundTripper) http.RoundTripper
}

// wrapDefault is wrap with all defaults, for calls that are not retried.
func (p peer) wrapDefault(base http.RoundTripper) http.RoundTripper {
	if p.name == ours {
		return newDefault(base)
	}
	return p.wrap(base)
}

// The names that bars and rules speak of.
const (
	bare       = "bare"
	ours       = "goaround"
	retryable  = "go-retryablehttp"
	failsafe   = "failsafe-go"
	heimdall   = "heimdall"
	backoffLib = "cenkalti/backoff"
	awsRetry   = "aws/retry"
)

// peers are in the order of the tables.
var peers = []peer{
	{name: bare, wrap: func(base http.RoundTripper) http.RoundTripper { return base }},
	{name: "hand-written loop", wrap: func(base http.RoundTripper) http.RoundTripper { return loop{base} }},
	{name: ours, wrap: newOurs},
	{name: retryable, module: "github.com/hashicorp/go-retryablehttp", wrap: newRetryable},
	{name: failsafe, module: "github.com/failsafe-go/failsafe-go", wrap: newFailsafe},
	{name: heimdall, module: "github.com/gojek/heimdall/v7", wrap: newHeimdall},
	{name: backoffLib, module: "github.com/cenkalti/backoff/v5", wrap: func(base http.RoundTripper) http.RoundTripper { return backoffLoop{base} }},
	{name: awsRetry, module: "github.com/aws/aws-sdk-go-v2", wrap: newAWS},
}

// newOurs is the default chain, with a budget that has room for a benchmark in which every
// call is retried: the others have none.
func newOurs(base http.RoundTripper) http.RoundTripper {
	return transport.New(base, noWait, transport.WithMaxAttempts(tries), transport.WithBudget(transport.NewBudget(transport.WithBudgetFloor(1e9))))
}

// newDefault is the chain with all its defaults, but for the wait.
func newDefault(base http.RoundTripper) http.RoundTripper { return transport.New(base, noWait) }

var noWait = transport.WithBackoff(slot.FullJitter{Base: 1, Max: 1})

// newRetryable gives back the last response instead of an error, which it does not by
// default.
func newRetryable(base http.RoundTripper) http.RoundTripper {
	client := retryablehttp.NewClient()
	client.HTTPClient = &http.Client{Transport: base}
	client.Logger = nil
	client.RetryMax = tries - 1
	client.RetryWaitMin, client.RetryWaitMax = 0, 0
	client.ErrorHandler = retryablehttp.PassthroughErrorHandler
	return &retryablehttp.RoundTripper{Client: client}
}

// newFailsafe gives back the last response instead of an error, which it does not by
// default. Its policy for HTTP tries three times and does not wait.
func newFailsafe(base http.RoundTripper) http.RoundTripper {
	policy := failsafehttp.NewRetryPolicyBuilder().ReturnLastFailure().Build() //nolint:bodyclose // there is no response yet
	return failsafehttp.NewRoundTripper(base, policy)
}

// newHeimdall is a client, not a RoundTripper: it has an http.Client inside.
func newHeimdall(base http.RoundTripper) http.RoundTripper {
	client := httpclient.NewClient(
		httpclient.WithHTTPClient(&http.Client{Transport: base}),
		httpclient.WithRetryCount(tries-1),
	)
	return roundTripperFunc(client.Do)
}

type roundTripperFunc func(*http.Request) (*http.Response, error)

func (f roundTripperFunc) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }
