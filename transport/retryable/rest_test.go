package retryable_test

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/goaroundhq/goaround/transport"
)

// The rest of a download is asked for by another attempt of the call, as its hooks see it.
func TestHooksSeeTheRestOfADownload(t *testing.T) {
	t.Parallel()
	errSign := errors.New("no signature")
	for _, unsigned := range []bool{false, true} {
		rc := tuned(t)
		rc.HTTPClient.Transport = roundTripper(func(req *http.Request) (*http.Response, error) {
			resp := &http.Response{StatusCode: http.StatusOK, ContentLength: 10, Header: http.Header{"Etag": {`"v1"`}}, Request: req}
			if req.Header.Get("Range") == "" {
				resp.Body = io.NopCloser(io.MultiReader(strings.NewReader("0123"), broken{}))
				return resp, nil
			}
			resp.StatusCode, resp.ContentLength = http.StatusPartialContent, 6
			resp.Header.Set("Content-Range", "bytes 4-9/10")
			resp.Body = io.NopCloser(strings.NewReader("456789"))
			return resp, nil
		})
		var before []int
		rc.RequestLogHook = func(_ retryablehttp.Logger, _ *http.Request, n int) { before = append(before, n) }
		prepared := 0
		rc.PrepareRetry = func(*http.Request) error {
			if prepared++; unsigned {
				return errSign
			}
			return nil
		}
		asked := 0
		rc.ErrorHandler = func(resp *http.Response, err error, _ int) (*http.Response, error) {
			asked++
			return resp, err
		}
		resp, err := fromClient(t, rc, transport.WithResume()).Get("http://example.com")
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if got := string(body); !unsigned && (got != "0123456789" || err != nil || !slices.Equal(before, []int{0, 1})) {
			t.Errorf("read %q, %v; attempts before: %v", got, err, before)
		}
		if got := string(body); unsigned && (got != "0123" || !errors.Is(err, io.ErrUnexpectedEOF)) {
			t.Errorf("read %q, %v without a signature", got, err)
		}
		if prepared != 1 || asked != 0 {
			t.Errorf("prepared %d times, ErrorHandler asked %d times", prepared, asked)
		}
	}
}

// broken is a body that breaks at once.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
