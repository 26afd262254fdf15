package server

import (
	"encoding/base64"

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
