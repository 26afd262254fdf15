package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// awsLoop runs the retry middleware of the AWS SDK on its own. The rest of the SDK, which
// signs requests and reads responses, is left out.
type awsLoop struct {
	next    http.RoundTripper
	attempt *retry.Attempt
}

func newAWS(base http.RoundTripper) http.RoundTripper {
	retryer := retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = tries
		o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		o.RateLimiter = unlimited{}
	})
	return &awsLoop{base, retry.NewAttemptMiddleware(retryer, smithyhttp.RequestCloner)}
}

func (l *awsLoop) RoundTrip(req *http.Request) (*http.Response, error) {
	in, err := smithyRequest(req)
	if err != nil {
		return nil, err
	}
	out, _, err := l.attempt.HandleFinalize(req.Context(), middleware.FinalizeInput{Request: in}, middleware.FinalizeHandlerFunc(l.send))
	if failed := new(smithyhttp.ResponseError); errors.As(err, &failed) {
		return failed.Response.Response, nil // only its body is gone
	}
	if err != nil {
		return nil, err
	}
	return out.Result.(*http.Response), nil
}

// smithyRequest hands the body over as the SDK wants it: a reader that can be rewound.
func smithyRequest(req *http.Request) (*smithyhttp.Request, error) {
	in := &smithyhttp.Request{Request: req}
	if req.Body == nil {
		return in, nil
	}
	var stream io.Reader = req.Body
	if seeker, ok := req.Context().Value(seekerKey{}).(io.ReadSeeker); ok {
		stream = seeker
	}
	return in.SetStream(stream)
}

// seekerKey is of the reader behind a body, which http.NewRequest hides.
type seekerKey struct{}

// send makes one exchange, and an error of a response that is one.
func (l *awsLoop) send(ctx context.Context, in middleware.FinalizeInput) (out middleware.FinalizeOutput, md middleware.Metadata, err error) {
	resp, err := l.next.RoundTrip(in.Request.(*smithyhttp.Request).Build(ctx))
	if err != nil {
		return out, md, &smithyhttp.RequestSendError{Err: err}
	}
	if resp.StatusCode >= http.StatusInternalServerError {
		discard(resp)
		return out, md, &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: resp}, Err: errStatus}
	}
	out.Result = resp
	return out, md, nil
}

// unlimited is no budget: the others have none, or not by default.
type unlimited struct{}

func (unlimited) GetToken(context.Context, uint) (func() error, error) {
	return func() error { return nil }, nil
}

func (unlimited) AddTokens(uint) error { return nil }
