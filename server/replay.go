package server

import (
	"net/http"

	"github.com/goaroundhq/goaround/idem"
)

// repeat answers a request whose operation is done.
func (h *handler) repeat(w http.ResponseWriter, r *http.Request, id idem.ID, result idem.ClaimResult) {
	same, err := sameRequest(r, result.Fingerprint)
	if err != nil {
		h.refuse(w, r, id, bodyUnreadable(err))
		return
	}
	if !same {
		h.refuse(w, r, id, keyReused())
		return
	}
	if result.Unreadable != nil {
		h.refuse(w, r, id, notReadable(result.Unreadable))
		return
	}
	stored, err := decodeRecord(result.Record)
	if err != nil {
		h.refuse(w, r, id, notReadable(err))
		return
	}
	if stored.omitted {
		h.refuse(w, r, id, notStored(stored))
		return
	}
	stored.writeHeader(w.Header())
	w.WriteHeader(stored.status)
	if len(stored.body) > 0 {
		_, _ = w.Write(stored.body) // the client is gone if this fails, and will ask again
	}
	h.answered(r.Context(), Answer{Outcome: Replayed, Status: stored.status, Pattern: r.Pattern, ID: id})
}
