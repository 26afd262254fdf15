package server

import (
	"encoding/base64"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/dunglas/httpsfv"
)

// ticket is what its holder knows and nobody can guess. Zero is none.
type ticket [16]byte

// maxTicketField bounds what is parsed: a ticket has 24 characters with its quotes, and
// others may add parameters to it.
const maxTicketField = 256

func (t ticket) String() string { return base64.RawURLEncoding.EncodeToString(t[:]) }

// parseTicket returns the ticket in the values of the [TicketHeader] field. Whatever is
// not one is none: its sender is served like anyone else.
func parseTicket(values []string) ticket {
	if len(values) != 1 || len(values[0]) > maxTicketField {
		return ticket{}
	}
	item, err := httpsfv.UnmarshalItem(values)
	if err != nil {
		return ticket{}
	}
	text, _ := item.Value.(string)
	var t ticket
	if base64.RawURLEncoding.DecodedLen(len(text)) != len(t) {
		return ticket{}
	}
	if _, err := base64.RawURLEncoding.Strict().Decode(t[:], []byte(text)); err != nil {
		return ticket{}
	}
	return t
}

// busy is the problem document of a refusal: always the same, because refusing must cost
// as little as it can.
const busy = `{"type":"` + ProblemType + `busy","title":"Server is busy","status":503,` +
	`"detail":"All places are taken, so nothing was done. Come back at the time in Admission-Slot, or in Retry-After."}` + "\n"

// turnAway answers a refused caller. The zero ticket is none. Those who know only
// Retry-After come together, with all who were told the same second: spread lets a random
// half of them come in the next one.
func turnAway(w http.ResponseWriter, slot time.Duration, t ticket, spread bool) {
	slot = max(slot, 1)
	seconds := roundUp(slot, time.Second)
	if spread {
		seconds += rand.Int64N(2)
	}
	at := strconv.FormatInt(roundUp(slot, time.Millisecond), 10)
	if t != (ticket{}) {
		at += `;t="` + t.String() + `"`
	}
	header := w.Header()
	header.Set(SlotHeader, at)
	header.Set("Retry-After", strconv.FormatInt(seconds, 10))
	header.Set("Content-Type", "application/problem+json")
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Length", strconv.Itoa(len(busy)))
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = io.WriteString(w, busy) // the client is gone if this fails
}

func roundUp(d, unit time.Duration) int64 { return int64((d-1)/unit) + 1 }
