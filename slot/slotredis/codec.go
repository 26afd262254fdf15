package slotredis

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"github.com/goaroundhq/goaround/slot/book"
)

// All that goes to the script and comes back is a row of doubles, big-endian: a Lua number
// is one, and holds every integer of the rules exactly. Durations are in microseconds.

// doubles is a row that is written.
type doubles []byte

func (d *doubles) add(values ...float64) {
	for _, v := range values {
		*d = binary.BigEndian.AppendUint64(*d, math.Float64bits(v))
	}
}

func (d *doubles) tally(t book.Tally) {
	d.add(float64(t.OK), float64(t.Rejected), float64(t.Failed))
}

func micros(d time.Duration) float64 { return float64(d.Microseconds()) }

func bit(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

const askDoubles = 17

// encodeAsk writes what ask.lua reads.
func encodeAsk(r book.Rules, a book.Ask) []byte {
	d := make(doubles, 0, 8*askDoubles)
	d.add(r.Prior)
	d.add(float64(a.Waiting), float64(a.New), float64(a.Want), a.Ticket)
	d.add(float64(a.Back), micros(a.BackAt), float64(a.Epoch))
	d.tally(a.Tally)
	d.tally(a.Old)
	d.add(micros(a.Latency), micros(a.Since), bit(a.Probed))
	return d
}

// reader takes doubles off a row.
type reader struct{ row string }

func (r *reader) number() float64 {
	v := math.Float64frombits(binary.BigEndian.Uint64([]byte(r.row[:8])))
	r.row = r.row[8:]
	return v
}

func (r *reader) integer() int64          { return int64(r.number()) }
func (r *reader) bit() bool               { return r.number() != 0 }
func (r *reader) duration() time.Duration { return time.Duration(r.number()) * time.Microsecond }

const (
	noticeDoubles = 9
	answerDoubles = noticeDoubles + 7
)

// decodeNotice reads what ask.lua publishes.
func decodeNotice(row string) (book.Notice, error) {
	if len(row) != 8*noticeDoubles {
		return book.Notice{}, fmt.Errorf("notice of %d bytes", len(row))
	}
	return (&reader{row}).notice(), nil
}

func (r *reader) notice() book.Notice {
	return book.Notice{
		Seq: r.integer(), Mode: book.Mode(r.number()), Epoch: r.integer(), Rate: r.number(),
		Head: r.number(), Ahead: r.duration(), Tail: r.number(), Next: r.duration(), Open: r.bit(),
	}
}

// decodeAnswer reads what ask.lua returns.
func decodeAnswer(row string) (book.Answer, error) {
	if len(row) != 8*answerDoubles {
		return book.Answer{}, fmt.Errorf("answer of %d bytes", len(row))
	}
	r := &reader{row}
	return book.Answer{
		Notice: r.notice(), Slots: int(r.integer()), First: r.duration(), Step: r.duration(),
		Probe: r.bit(), Ticket: r.number(), Again: r.duration(), Push: r.bit(),
	}, nil
}
