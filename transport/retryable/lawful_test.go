package retryable_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/goaroundhq/goaround/transport/retryable"
	"github.com/goaroundhq/goaround/transport/transporttest"
)

// adapted is a client with every callback, around base.
func adapted(base http.RoundTripper) *retryablehttp.Client {
	c := retryablehttp.NewClient()
	c.HTTPClient = &http.Client{Transport: base, Timeout: time.Minute}
	c.RetryWaitMin, c.RetryWaitMax = 5*time.Millisecond, 20*time.Millisecond
	c.Logger = nil
	c.RequestLogHook = func(_ retryablehttp.Logger, r *http.Request, _ int) { r.Header.Set("X-Hook", "was here") }
	c.ResponseLogHook = func(retryablehttp.Logger, *http.Response) {}
	c.PrepareRetry = func(r *http.Request) error {
		r.Header.Set("X-Signature", "fresh")
		return nil
	}
	c.ErrorHandler = retryablehttp.PassthroughErrorHandler
	return c
}

func TestFromClientIsLawful(t *testing.T) {
	t.Parallel()
	transporttest.Run(t, transporttest.Target{Retries: true, New: func(base http.RoundTripper) http.RoundTripper {
		client, err := retryable.FromClient(adapted(base))
		if err != nil {
			panic(err)
		}
		return client.Transport
	}})
}

func TestStandardIsAsLawfulAsItCanBe(t *testing.T) {
	t.Parallel()
	const (
		redirects = "the client follows redirects itself"
		buffers   = "what cannot be opened again is read into memory first"
	)
	transporttest.Run(t, transporttest.Target{
		New: func(base http.RoundTripper) http.RoundTripper {
			c := adapted(base)
			c.HTTPClient.Timeout = 0 // http.Client hides the connection of an upgrade behind its timer
			return retryable.Standard(retryable.Under(c)).Transport
		},
		Except: map[string]string{
			"Client/RedirectsAreLeftToIt":         redirects,
			"HTTP2/Client/RedirectsAreLeftToIt":   redirects,
			"Trace/BodyWaitsForContinue":          buffers,
			"Stream/RequestIsSentAsItComes":       buffers,
			"Stream/BothWaysAtOnce":               buffers,
			"HTTP2/Stream/RequestIsSentAsItComes": buffers,
		},
	})
}
