package otel

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"syscall"

	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/transport"
)

// reason is why an attempt did not do, in the few words that a label may have.
type reason int

const (
	reasonOther reason = iota
	reason408
	reason409 // our own server: the first request still runs
	reason425
	reason429
	reason500
	reason502
	reason503
	reason504
	reasonStatus
	reasonCanceled
	reasonTimeout
	reasonReset
	reasonConnect
	reasonDNS
	reasonTLS
	reasonBreaker
	reasonCount
)

// reasonNames are also the values of error.type where no status is.
var reasonNames = [reasonCount]string{
	other, "status_408", "status_409", "status_425", "status_429", "status_500", "status_502", "status_503", "status_504",
	"status_other", "canceled", "timeout", "reset", "connect", "dns", "tls", "breaker_open",
}

func (r reason) String() string { return reasonNames[r] }

// reasonOf is the reason of an outcome that was not wanted.
func reasonOf(status int, err error) reason {
	if err != nil {
		return reasonOfError(err)
	}
	switch status {
	case http.StatusRequestTimeout:
		return reason408
	case http.StatusConflict:
		return reason409
	case http.StatusTooEarly:
		return reason425
	case http.StatusTooManyRequests:
		return reason429
	case http.StatusInternalServerError:
		return reason500
	case http.StatusBadGateway:
		return reason502
	case http.StatusServiceUnavailable:
		return reason503
	case http.StatusGatewayTimeout:
		return reason504
	default:
		return reasonStatus
	}
}

func reasonOfError(err error) reason {
	var (
		op      *net.OpError
		dns     *net.DNSError
		timeout interface{ Timeout() bool }
	)
	switch {
	case errors.Is(err, transport.ErrBreakerOpen):
		return reasonBreaker
	case errors.As(err, &dns):
		return reasonDNS
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return reasonTimeout
	case errors.Is(err, context.Canceled):
		return reasonCanceled
	case errors.As(err, &op) && op.Op == "dial":
		return reasonConnect
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return reasonReset
	case untrusted(err):
		return reasonTLS
	default:
		return reasonOther
	}
}

func untrusted(err error) bool {
	var (
		certificate *tls.CertificateVerificationError
		authority   x509.UnknownAuthorityError
		header      tls.RecordHeaderError
	)
	return errors.As(err, &certificate) || errors.As(err, &authority) || errors.As(err, &header)
}

// refusal is why an attempt that was wanted was not made.
type refusal int

const (
	refusedOther refusal = iota
	refusedAttempts
	refusedDeadline
	refusedHint
	refusedBudget
	refusedBody
	refusedCanceled
	refusalCount
)

var refusalNames = [refusalCount]string{other, "attempts", "deadline", "hint", "budget", "body", "canceled"}

func (r refusal) String() string { return refusalNames[r] }

func refusalOf(stop error) refusal {
	switch {
	case errors.Is(stop, slot.ErrAttempts):
		return refusedAttempts
	case errors.Is(stop, slot.ErrHint):
		return refusedHint
	case errors.Is(stop, transport.ErrBudget):
		return refusedBudget
	case errors.Is(stop, transport.ErrBody):
		return refusedBody
	case errors.Is(stop, slot.ErrDeadline), errors.Is(stop, context.DeadlineExceeded):
		return refusedDeadline
	case errors.Is(stop, context.Canceled):
		return refusedCanceled
	default:
		return refusedOther
	}
}

// outcome is how a call ended.
type outcome int

const (
	successFirst   outcome = iota // below 400, at once
	successRetried                // below 400, after more than one attempt
	notRetryable                  // with something that another attempt does not mend
	canceled                      // by the caller
	breakerOpen                   // and nothing was sent
	stopped                       // and for which refusal, from here on
	outcomeCount   = stopped + outcome(refusalCount)
)

var outcomeNames = func() (names [outcomeCount]string) {
	copy(names[:], []string{"success_first", "success_retried", "not_retryable", "canceled", "breaker_open"})
	copy(names[stopped:], refusalNames[:])
	names[stopped+outcome(refusedAttempts)] = "exhausted"
	return names
}()

func (o outcome) String() string { return outcomeNames[o] }

// outcomeOf asks the context first: what stops a call when its caller leaves may have any
// cause, also one of the caller's own.
func outcomeOf(ctx context.Context, c transport.Call) outcome {
	switch {
	case c.Err == nil && c.Status < http.StatusBadRequest && c.Attempts > 1:
		return successRetried
	case c.Err == nil && c.Status < http.StatusBadRequest:
		return successFirst
	case c.Err != nil && left(ctx):
		return canceled
	case c.Stop != nil:
		if r := refusalOf(c.Stop); r != refusedCanceled {
			return stopped + outcome(r)
		}
		return canceled
	case errors.Is(c.Err, transport.ErrBreakerOpen):
		return breakerOpen
	case errors.Is(c.Err, context.DeadlineExceeded):
		return stopped + outcome(refusedDeadline)
	case errors.Is(c.Err, context.Canceled):
		return canceled
	default:
		return notRetryable
	}
}
