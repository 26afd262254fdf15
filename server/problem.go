package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/skew"
)

// ProblemType is the base of the type URIs of problem documents: the status that
// [idem.StatusHeader] carries follows it.
const ProblemType = "https://github.com/goaroundhq/goaround/blob/main/server/PROBLEMS.md#"

// The times after which a client is asked to come back for an operation that still
// runs: what it has taken so far, because that is all there is to guess from, within
// these bounds.
const (
	minInProgressHint = time.Second
	maxInProgressHint = 2 * time.Second
)

// problem is an answer of the middleware itself (RFC 9457).
type problem struct {
	code       int
	status     idem.Status
	title      string
	detail     string
	retryAfter time.Duration // 0 for none
	original   *response     // the stored response that cannot be replayed
	err        error         // for the observer; never sent
}

func (p *problem) write(w http.ResponseWriter) {
	document := struct {
		Type           string `json:"type"`
		Title          string `json:"title"`
		Status         int    `json:"status"`
		Detail         string `json:"detail,omitempty"`
		OriginalStatus int    `json:"originalStatus,omitempty"`
	}{ProblemType + string(p.status), p.title, p.code, p.detail, 0}
	header := w.Header()
	if p.original != nil {
		document.OriginalStatus = p.original.status
		if location := p.original.location(); location != "" {
			header.Set("Location", location)
		}
	}
	if p.retryAfter > 0 {
		seconds := int64((p.retryAfter + time.Second - 1) / time.Second)
		header.Set("Retry-After", strconv.FormatInt(seconds, 10))
	}
	body, err := json.Marshal(document)
	if err != nil {
		panic(err) // strings and numbers always encode
	}
	header.Set(idem.StatusHeader, string(p.status))
	header.Set("Content-Type", "application/problem+json")
	header.Set("Cache-Control", "no-store")
	header.Del("Content-Length")
	w.WriteHeader(p.code)
	_, _ = w.Write(append(body, '\n')) // the client is gone if this fails
}

func badKey(err error) *problem {
	if errors.Is(err, idem.ErrKeyMissing) {
		return &problem{
			code: http.StatusBadRequest, status: idem.KeyMissing, title: "Idempotency-Key is missing", err: err,
			detail: "This operation requires an Idempotency-Key header field.",
		}
	}
	return &problem{
		code: http.StatusBadRequest, status: idem.KeyInvalid, title: "Idempotency-Key is invalid", err: err,
		detail: fmt.Sprintf("Send exactly one key of 1 to %d printable ASCII characters.", idem.MaxKeyLen),
	}
}

func keyFromTheFuture() *problem {
	return &problem{
		code: http.StatusBadRequest, status: idem.KeyInvalid, title: "Idempotency-Key is from the future",
		detail: "The key says that it was made at a time that has not come yet. Set the clock that it was made with.",
	}
}

func clockUncertain(now skew.Reading) *problem {
	return &problem{
		code: http.StatusServiceUnavailable, status: idem.StoreUnavailable, title: "Server does not know the time",
		err:        fmt.Errorf("server: clock may be %v off, too much to tell the age of keys", now.Uncertainty()),
		detail:     "Whether the Idempotency-Key has expired cannot be told now, so the request was not processed. Retry later with the same key.",
		retryAfter: time.Second,
	}
}

func keyExpired(ttl time.Duration) *problem {
	return &problem{
		code: http.StatusBadRequest, status: idem.KeyExpired, title: "Idempotency-Key has expired",
		detail: fmt.Sprintf("The key was made more than %v ago; whether it was used can no longer be known.", ttl),
	}
}

func scopeUnknown(err error) *problem {
	return &problem{
		code: http.StatusForbidden, status: idem.ScopeUnknown, title: "Caller is not known", err: err,
		detail: "An Idempotency-Key belongs to a caller, and this request does not say who that is.",
	}
}

func inProgress(running idem.ClaimResult) *problem {
	return &problem{
		code: http.StatusConflict, status: idem.InProgress, title: "Request is in progress",
		detail:     "The first request with this Idempotency-Key is still being processed. Retry later with the same key.",
		retryAfter: min(max(running.Age, minInProgressHint), max(running.LeaseLeft, 1), maxInProgressHint),
	}
}

func outcomeUnknown(err error) *problem {
	return &problem{
		code: http.StatusConflict, status: idem.OutcomeUnknown, title: "Outcome is unknown", err: err,
		detail: "The first request with this Idempotency-Key did not finish, and whether it had its effect is not known. It will not be run again.",
	}
}

// notCommitted answers a request whose transaction failed, or may have failed, at its
// end. Asking again finds out.
func notCommitted(err error) *problem {
	switch {
	case errors.Is(err, idem.ErrTxEnded):
		return &problem{
			code: http.StatusInternalServerError, status: idem.ResponseNotStored, title: "Transaction was ended by its handler", err: err,
			detail: "Whether the request had its effect is not known here. It will not be run again.",
		}
	case errors.Is(err, idem.ErrFenced), errors.Is(err, idem.ErrLost):
		p := inProgress(idem.ClaimResult{})
		p.err = err
		return p
	default:
		return &problem{
			code: http.StatusServiceUnavailable, status: idem.StoreUnavailable, title: "Transaction was not committed", err: err,
			detail:     "The transaction of this request was undone, or how it ended cannot be told now. Retry later with the same key.",
			retryAfter: time.Second,
		}
	}
}

func bodyUnreadable(err error) *problem {
	return &problem{
		code: http.StatusBadRequest, status: idem.BodyUnreadable, title: "Request body broke off", err: err,
		detail: "The request body could not be read to its end.",
	}
}

func keyReused() *problem {
	return &problem{
		code: http.StatusUnprocessableEntity, status: idem.KeyReused, title: "Idempotency-Key was used for another request",
		detail: "A request with this Idempotency-Key but with another path, query, media type or body was processed before. Use a new key for a new request.",
	}
}

func notStored(stored response) *problem {
	return &problem{
		code: http.StatusConflict, status: idem.ResponseNotStored, title: "Response was not stored", original: &stored,
		detail: "The request with this Idempotency-Key was processed, but its response was not kept. It will not be run again.",
	}
}

func notReadable(err error) *problem {
	return &problem{
		code: http.StatusConflict, status: idem.ResponseNotStored, title: "Stored response cannot be read", err: err,
		detail: "The request with this Idempotency-Key was processed, but its stored response cannot be read. It will not be run again.",
	}
}

func storeUnavailable(err error) *problem {
	return &problem{
		code: http.StatusServiceUnavailable, status: idem.StoreUnavailable, title: "Idempotency store is unavailable", err: err,
		detail:     "Whether this request was processed before cannot be told now, so it was not processed. Retry later with the same key.",
		retryAfter: time.Second,
	}
}
