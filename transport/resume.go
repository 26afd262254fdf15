package transport

import (
	"context"
	"net/http"
	"strings"
)

// Resume is the step that goes on with a download that breaks: when the body of a response
// ends in an error, the rest is asked for, and the caller reads on as if nothing had happened
// (RFC 9110, 14.2 and 13.1.5: Range with If-Range).
//
// That is done for a GET without a body and without a Range of the caller's, which was
// answered by 200 with a strong ETag, and without "Accept-Ranges: none". The rest is accepted
// as a 206 with the same ETag whose Content-Range begins where the download broke and has the
// same length of the whole. Anything else, and a new version above all, ends the download
// with the error that it broke with. A download of known size that is cut off
// (io.ErrUnexpectedEOF) behind its last byte is whole; another error there, as of a step that
// checks a digest, is left as it is.
//
// A body that net/http has decompressed unasked is not resumed, because nobody knows where it
// broke; ask for what you can read with an Accept-Encoding of your own. Neither is one that
// announced trailers. Ranges that the caller asked for are left to him: he knows which of them
// he has.
//
// The wait before a request for the rest is that of a retry: the slot of the pacer or the
// backoff, which begins anew with every byte that comes. [WithMaxAttempts] bounds the
// responses in a row that bring no byte, the one that broke included. Without a pacer, each
// request costs [FailureCost] of the [Budget]. The context of the call is that of all of
// them. A body that hangs is not broken: only the context ends that.
//
// Resume belongs outside of [Retry]: a request for the rest is a call of its own, which is
// retried, and observed, as any other.
func Resume(opts ...Option) Step {
	c := newConfig(opts)
	c.steps.resume = true
	return c.resume
}

// WithResume puts the step [Resume] into the chain of [New]. The default is to return the
// error of a body that breaks.
func WithResume() Option { return func(c *config) { c.steps.resume = true } }

func (c *config) resume(next http.RoundTripper) http.RoundTripper {
	if !c.steps.resume {
		return next
	}
	return &resumeStep{config: c, next: next}
}

// resumeStep makes the bodies of downloads go on.
type resumeStep struct {
	*config
	next http.RoundTripper
}

func (s *resumeStep) CloseIdleConnections() { closeIdle(s.next) }

func (s *resumeStep) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := s.next.RoundTrip(req)
	if err != nil || resp == nil || !resumable(req, resp) {
		return resp, err
	}
	d := &download{
		step: s, req: req, target: s.target(req), body: resp.Body,
		etag: resp.Header.Get("Etag"), coding: resp.Header.Get("Content-Encoding"), size: resp.ContentLength,
	}
	d.ctx, d.cancel = context.WithCancel(req.Context())
	resp.Body = d
	return resp, nil
}

// resumable reports whether the rest of the response could be asked for.
func resumable(req *http.Request, resp *http.Response) bool {
	return (req.Method == http.MethodGet || req.Method == "") &&
		(req.Body == nil || req.Body == http.NoBody) && len(req.Header["Range"]) == 0 &&
		resp.StatusCode == http.StatusOK && resp.Body != nil && resp.Body != http.NoBody &&
		strong(resp.Header.Get("Etag")) && !resp.Uncompressed && len(resp.Trailer) == 0 &&
		!strings.EqualFold(resp.Header.Get("Accept-Ranges"), "none")
}

// strong reports whether an entity tag says that two bodies are equal in every byte (RFC
// 9110, 8.8.3).
func strong(etag string) bool {
	return len(etag) >= 2 && etag[0] == '"' && etag[len(etag)-1] == '"'
}
