package transporttest_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"testing"
)

type step func(http.RoundTripper) http.RoundTripper

// Each of these is a step that does nothing, and that in a wrong way.
var brokenSteps = []struct {
	name  string
	rules []string
	step  func(*testing.T) step
}{
	{"the body is replaced on the caller's request", []string{"Request/FieldsAreNotChanged"}, before(func(req *http.Request) *http.Request {
		if req.Body != nil {
			req.Body = struct{ io.ReadCloser }{req.Body}
		}
		return req
	})},
	{"a field is set on the caller's request", []string{"Request/HeaderIsNotChanged"}, before(func(req *http.Request) *http.Request {
		req.Header.Set("X-Attempt", "1")
		return req
	})},
	{"a field is set for a moment", []string{"Request/HeaderMayBeShared", "Request/HeaderIsNotChanged", "Concurrency/CallsDoNotWaitForEachOther"},
		func(*testing.T) step {
			var mu sync.Mutex
			return around(func(next http.RoundTripper, req *http.Request) (*http.Response, error) {
				mu.Lock()
				defer mu.Unlock()
				req.Header.Set("X-Attempt", "1")
				defer req.Header.Del("X-Attempt")
				return next.RoundTrip(req)
			})
		}},
	{"the first header is kept", []string{"Request/IsTheCallersAgain"}, func(*testing.T) step {
		var once sync.Once
		var first http.Header
		return around(func(next http.RoundTripper, req *http.Request) (*http.Response, error) {
			once.Do(func() { first = req.Header.Clone() })
			send := req.Clone(req.Context())
			send.Header = first
			return next.RoundTrip(send)
		})
	}},
	{"a byte is missing", []string{"Body/ArrivesWhole"}, before(withBody(func(req *http.Request) {
		req.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(req.Body, req.ContentLength-1), req.Body}
		req.ContentLength--
	}))},
	{"bodies are rewound to their beginning", []string{"Body/IsSentFromWhereItStands"}, before(withBody(func(req *http.Request) {
		if seeker, ok := req.Body.(io.Seeker); ok {
			_, _ = seeker.Seek(0, io.SeekStart)
			req.ContentLength = -1
		}
	}))},
	{"bodies are not closed", []string{
		"Body/IsClosedAfterResponses", "Body/IsClosedAfterErrors", "Body/IsClosedWithoutConnection",
		"Body/IsClosedWhenCancelledBefore", "Body/IsClosedWhenCancelledMeanwhile", "Body/IsClosedWhenNotRead",
	}, before(withBody(func(req *http.Request) { req.Body = io.NopCloser(req.Body) }))},
	{"request bodies are read ahead", []string{
		"Stream/RequestIsSentAsItComes", "Stream/BothWaysAtOnce", "Stream/NotReadAhead", "Stream/LargeRequestIsNotHeld",
		"Trace/BodyWaitsForContinue",
	}, before(withBody(func(req *http.Request) {
		all, _ := io.ReadAll(req.Body)
		_ = req.Body.Close()
		req.Body = io.NopCloser(bytes.NewReader(all))
	}))},
	{"responses are read ahead", []string{"Stream/ResponseIsReadAsItComes", "Stream/LargeResponseIsNotHeld"}, after(func(resp *http.Response) {
		all, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		resp.Body = io.NopCloser(bytes.NewReader(all))
	})},
	{"a response with an error", []string{"Response/NeverComesWithAnError"}, change(func(resp *http.Response, err error) (*http.Response, error) {
		if err == nil && resp.StatusCode == 503 {
			return resp, errors.New("unavailable")
		}
		return resp, err
	})},
	{"neither response nor error", []string{"Response/NeverComesWithAnError"}, change(func(resp *http.Response, _ error) (*http.Response, error) {
		return resp, nil
	})},
	{"a status is an error", []string{"Response/EveryStatusIsAResponse"}, change(func(resp *http.Response, err error) (*http.Response, error) {
		if err == nil && resp.StatusCode >= 400 {
			_ = resp.Body.Close()
			return nil, errors.New(resp.Status)
		}
		return resp, err
	})},
	{"a response without its header", []string{"Response/IsPassedOn", "Client/CookiesAreItsOwn"}, after(func(resp *http.Response) { resp.Header = http.Header{} })},
	{"a response without its request", []string{"Response/IsPassedOn"}, after(func(resp *http.Response) { resp.Request = nil })},
	{"no body", []string{"Response/NoBodyIsAnEmptyBody"}, after(func(resp *http.Response) {
		if resp.Body == http.NoBody || resp.Request.Method == http.MethodHead {
			resp.Body = nil
		}
	})},
	{"the context of the call ends with RoundTrip", []string{"Response/BodyOutlivesTheCall"},
		wrap(func(next http.RoundTripper, req *http.Request) (*http.Response, error) {
			ctx, cancel := context.WithCancel(req.Context())
			defer cancel()
			return next.RoundTrip(req.WithContext(ctx))
		})},
	{"a broken body looks whole", []string{"Response/BrokenBodyIsAnError"}, after(func(resp *http.Response) { resp.Body = wholeBody{resp.Body} })},
	{"no trailer", []string{"Response/TrailerComes"}, change(func(resp *http.Response, err error) (*http.Response, error) {
		if err != nil {
			return nil, err
		}
		without := *resp // net/http puts the trailer on the response that it has made
		without.Trailer = nil
		return &without, nil
	})},
	{"a body that can only be read", []string{"Response/UpgradeIsPassedOn"}, after(func(resp *http.Response) {
		resp.Body = struct{ io.ReadCloser }{resp.Body}
	})},
	{"a connection that cannot be ended by halves", []string{"Response/UpgradeIsPassedOn"}, after(func(resp *http.Response) {
		if conn, ok := resp.Body.(io.ReadWriteCloser); ok {
			resp.Body = struct{ io.ReadWriteCloser }{conn}
		}
	})},
	{"errors are texts", []string{
		"Error/RefusedConnectionIsFound", "Error/CertificateIsFound", "Body/ErrorsOfReadingItComeBack",
		"Context/EndedBefore", "Context/EndsTheWaitForAResponse", "Context/CauseIsKept", "Context/DeadlineIsATimeout",
	}, change(func(resp *http.Response, err error) (*http.Response, error) {
		if err != nil {
			return nil, errors.New(err.Error())
		}
		return resp, nil
	})},
	{"no cause", []string{"Context/CauseIsKept"}, wrap(func(next http.RoundTripper, req *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(req)
		if err != nil && req.Context().Err() != nil {
			err = req.Context().Err()
		}
		return resp, err
	})},
	{"the end of the context is not passed on", []string{
		"Context/EndedBefore", "Context/EndsTheWaitForAResponse", "Context/DeadlineIsATimeout", "Context/EndsTheReadOfABody",
		"Client/TimeoutEndsTheWait", "Client/TimeoutEndsTheRead",
	}, before(func(req *http.Request) *http.Request {
		// Made anew, because http.Client sets a field for the old way of cancelling, too.
		send := &http.Request{Method: req.Method, URL: req.URL, Header: req.Header, Body: req.Body, ContentLength: req.ContentLength}
		return send.WithContext(context.WithoutCancel(req.Context()))
	})},
	{"the values of the context are not passed on", []string{
		"Context/ReachesTheNext", "Trace/OfTheCallerIsCalled", "Trace/InformationalResponses",
	}, before(func(req *http.Request) *http.Request { return req.WithContext(noValues{req.Context()}) })},
	{"redirects are followed", []string{"Client/RedirectsAreLeftToIt"}, wrap(func(next http.RoundTripper, req *http.Request) (*http.Response, error) {
		return (&http.Client{Transport: next}).Do(req)
	})},
	{"GetBody is taken away", []string{"Client/RedirectRepeatsTheBody", "Request/FieldsAreNotChanged"}, before(func(req *http.Request) *http.Request {
		req.GetBody = nil
		return req
	})},
	{"no CloseIdleConnections", []string{"Client/CloseIdleConnectionsIsPassedOn"}, wrap(func(next http.RoundTripper, req *http.Request) (*http.Response, error) {
		return next.RoundTrip(req)
	})},
	{"connections are closed", []string{"Connection/IsUsedAgain"}, before(func(req *http.Request) *http.Request {
		send := req.Clone(req.Context())
		send.Close = true
		return send
	})},
	{"responses are not closed", []string{"Connection/ResponsesAreClosed", "Goroutine/NoneIsLeftAfterUnreadResponses"}, after(func(resp *http.Response) {
		resp.Body = io.NopCloser(resp.Body)
	})},
	{"idle connections are closed", []string{"Connection/OfOthersIsLeftAlone"}, wrap(func(next http.RoundTripper, req *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(req)
		if err != nil {
			next.(interface{ CloseIdleConnections() }).CloseIdleConnections()
		}
		return resp, err
	})},
	{"the last response answers all", []string{"Concurrency/ManyCallsAtOnce"}, func(*testing.T) step {
		var mu sync.Mutex
		var first []byte
		return around(func(next http.RoundTripper, req *http.Request) (*http.Response, error) {
			resp, err := next.RoundTrip(req)
			if err != nil {
				return nil, err
			}
			mu.Lock()
			defer mu.Unlock()
			if first == nil {
				first, _ = io.ReadAll(resp.Body)
			}
			_ = resp.Body.Close()
			resp.Body = io.NopCloser(bytes.NewReader(first))
			return resp, nil
		})
	}},
	{"goroutines that stay", []string{
		"Goroutine/NoneIsLeftAfterResponses", "Goroutine/NoneIsLeftAfterErrors", "Goroutine/NoneIsLeftAfterCancelling",
	}, func(t *testing.T) step {
		end := make(chan struct{})
		t.Cleanup(func() { close(end) })
		return around(func(next http.RoundTripper, req *http.Request) (*http.Response, error) {
			go func() { <-end }()
			return next.RoundTrip(req)
		})
	}},
}

// around makes a step that passes CloseIdleConnections on.
func around(f func(next http.RoundTripper, req *http.Request) (*http.Response, error)) step {
	return func(next http.RoundTripper) http.RoundTripper {
		return struct {
			roundTripperFunc
			idleCloser
		}{func(req *http.Request) (*http.Response, error) { return f(next, req) }, next.(idleCloser)}
	}
}

type idleCloser interface{ CloseIdleConnections() }

// wrap makes a step without state.
func wrap(f func(next http.RoundTripper, req *http.Request) (*http.Response, error)) func(*testing.T) step {
	return func(*testing.T) step {
		return func(next http.RoundTripper) http.RoundTripper {
			return roundTripperFunc(func(req *http.Request) (*http.Response, error) { return f(next, req) })
		}
	}
}

// before changes what is sent.
func before(f func(*http.Request) *http.Request) func(*testing.T) step {
	return wrap(func(next http.RoundTripper, req *http.Request) (*http.Response, error) { return next.RoundTrip(f(req)) })
}

// withBody changes a copy of a request that has a body.
func withBody(f func(*http.Request)) func(*http.Request) *http.Request {
	return func(req *http.Request) *http.Request {
		if req.Body == nil {
			return req
		}
		send := req.Clone(req.Context())
		f(send)
		return send
	}
}

// change changes what comes back.
func change(f func(*http.Response, error) (*http.Response, error)) func(*testing.T) step {
	return wrap(func(next http.RoundTripper, req *http.Request) (*http.Response, error) { return f(next.RoundTrip(req)) })
}

// after changes a response.
func after(f func(*http.Response)) func(*testing.T) step {
	return change(func(resp *http.Response, err error) (*http.Response, error) {
		if err == nil {
			f(resp)
		}
		return resp, err
	})
}

// wholeBody hides that a body broke.
type wholeBody struct{ io.ReadCloser }

func (b wholeBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		err = io.EOF
	}
	return n, err
}

// noValues is a context that has lost its values.
type noValues struct{ context.Context }

func (noValues) Value(any) any { return nil }
