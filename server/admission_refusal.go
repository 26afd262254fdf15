package server

import (
	"io"
	"net/http"
	"strconv"
	"time"
)

// busy is the problem document of a refusal: always the same, because refusing must cost
// as little as it can.
const busy = `{"type":"` + ProblemType + `busy","title":"Server is busy","status":503,` +
	`"detail":"All places are taken, so nothing was done. Come back at the time in Admission-Slot, or in Retry-After."}` + "\n"

// turnAway answers a refused caller. The zero ticket is none.
func turnAway(w http.ResponseWriter, slot time.Duration, t ticket) {
	slot = max(slot, 1)
	at := strconv.FormatInt(roundUp(slot, time.Millisecond), 10)
	if t != (ticket{}) {
		at += `;t="` + t.String() + `"`
	}
	header := w.Header()
	header.Set(SlotHeader, at)
	header.Set("Retry-After", strconv.FormatInt(roundUp(slot, time.Second), 10))
	header.Set("Content-Type", "application/problem+json")
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Length", strconv.Itoa(len(busy)))
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = io.WriteString(w, busy) // the client is gone if this fails
}

func roundUp(d, unit time.Duration) int64 { return int64((d-1)/unit) + 1 }
