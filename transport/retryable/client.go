package retryable

import (
	"errors"
	"math"
	"net/http"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/transport"
)

// Why a client is not taken over. Match them with [errors.Is].
var (
	// ErrLogger: its Logger is neither a Logger nor a LeveledLogger.
	ErrLogger = errors.New("retryable: Logger is of another type")
	// ErrNested: the transport of its HTTPClient is that of a retrying client, so attempts
	// would multiply.
	ErrNested = errors.New("retryable: HTTPClient.Transport retries already")
)

// FromClient returns an http.Client that is tuned as c is, and retries by package transport.
// Its Transport may be taken out and put elsewhere.
//
// Everything public of c is carried over, as the package documentation lists. A nil
// CheckRetry or Backoff, with which c would panic, means the default of package transport:
// to set them to nil is a step of the migration. Further options come after those of c and
// win, but for two: classifiers among them are asked before CheckRetry, and observers are
// told after c's Logger. To replace the Backoff, set it to nil in c.
//
// A request for the rest of a download (transport.WithResume among the options) is one more
// attempt of its call to the hooks and to CheckRetry: PrepareRetry prepares it. ErrorHandler
// does not hear of it, because the call is over by then.
//
// The error matches ErrLogger or ErrNested. FromClient reads c and leaves it alone; what is
// changed in c afterwards has no effect. It panics when c is nil.
func FromClient(c *retryablehttp.Client, opts ...transport.Option) (*http.Client, error) {
	if c == nil {
		panic("retryable: FromClient(nil)")
	}
	if err := check(c); err != nil {
		return nil, err
	}
	client := &http.Client{}
	if c.HTTPClient != nil {
		*client = *c.HTTPClient
	}
	base := transport.Chain(client.Transport, within(client.Timeout))
	client.Timeout = 0 // which would be for a call, and was for an attempt
	hooks := Hooks{
		Logger: c.Logger, RequestLogHook: c.RequestLogHook, ResponseLogHook: c.ResponseLogHook,
		PrepareRetry: c.PrepareRetry, ErrorHandler: c.ErrorHandler,
	}
	client.Transport = hooks.New(base, options(c, opts)...)
	return client, nil
}

// options are those of the client around those of the caller.
func options(c *retryablehttp.Client, opts []transport.Option) []transport.Option {
	all := []transport.Option{
		transport.WithMaxAttempts(attempts(c.RetryMax)),
		transport.WithMaxRetryAfter(max(c.RetryWaitMax, slot.DefaultMaxHint)),
		transport.WithObserver(Log(c.Logger)),
		transport.WithBackoff(slot.FullJitter{Base: c.RetryWaitMin, Max: c.RetryWaitMax}),
	}
	if c.Backoff != nil {
		all = append(all,
			transport.WithBackoff(Backoff(c.Backoff, c.RetryWaitMin, c.RetryWaitMax)),
			transport.WithOutcomeBackoff(OutcomeBackoff(c.Backoff, c.RetryWaitMin, c.RetryWaitMax)))
	}
	all = append(all, opts...)
	if c.CheckRetry != nil {
		all = append(all, transport.WithClassifier(answers, Policy(c.CheckRetry)))
	}
	return all
}

// attempts is a number of retries with the first attempt in it.
func attempts(retries int) int { return min(max(retries, 0), math.MaxInt-1) + 1 }

// check says what cannot be carried.
func check(c *retryablehttp.Client) error {
	var problems []error
	switch c.Logger.(type) {
	case nil, retryablehttp.Logger, retryablehttp.LeveledLogger:
	default:
		problems = append(problems, ErrLogger)
	}
	if c.HTTPClient != nil {
		if _, ok := c.HTTPClient.Transport.(*retryablehttp.RoundTripper); ok {
			problems = append(problems, ErrNested)
		}
	}
	return errors.Join(problems...)
}
