package server

import (
	"context"
	"fmt"
	"net/http"

	"github.com/goaroundhq/goaround/idem"
)

// RecoverFunc finds out how the operation ended that the request asks for again, when
// nobody knows: for example by asking the payment service that the handler called. See
// [idem.RecoverFunc] for what it returns; the Record of a Resolution is made with
// [EncodeResponse]. The body of the request is not for it to read.
type RecoverFunc func(r *http.Request, key string) (idem.Resolution, error)

// WithRecover looks the truth up where the outcome is unknown: the request that asks is
// then answered, or its handler run, accordingly. When f returns an error, the answer
// stays 409 outcome-unknown. The store must be an [idem.Admin], or [New] panics; where one that
// is wrapped lacks it, the answer stays outcome-unknown. With [idem.AtLeastOnce] nobody asks f:
// the handler runs again. The default, nil, looks nothing up.
func WithRecover(f RecoverFunc) Option { return func(c *config) { c.recover = f } }

// recovered is the result after a look at the truth.
func (h *handler) recovered(r *http.Request, key string, id idem.ID, unknown idem.ClaimResult) (idem.ClaimResult, error) {
	return h.guard.Recover(r.Context(), id, nil, unknown, func(context.Context) (idem.Resolution, error) {
		truth, err := h.recover(r, key)
		if err == nil && truth.State == idem.Done {
			_, err = decodeRecord(truth.Record) // what cannot be replayed would be lost for good
		}
		return truth, err
	})
}

// EncodeResponse makes the record of a response, for an [idem.Resolution] of an operation whose
// outcome was unknown: repetitions get it as a replay, dated now. Fields that belong to one
// exchange, which are never stored, are left out; those of [WithoutHeaders] are not known here. It
// fails for a status that no final response has.
func EncodeResponse(status int, header http.Header, body []byte) ([]byte, error) {
	if status < 200 || status > 999 {
		return nil, fmt.Errorf("server: %d is no final status", status)
	}
	record := appendStart(nil, 0, status)
	for name, values := range header {
		if name = http.CanonicalHeaderKey(name); !perResponse(name) && !nominated(header, name) && name != "Content-Length" {
			record = appendFields(record, name, values)
		}
	}
	return append(appendEnd(record), body...), nil
}
