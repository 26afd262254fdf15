package server

import (
	"encoding/binary"
	"errors"
	"iter"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/goaroundhq/goaround/idem"
)

// A record is a response as it is stored. All numbers are varints.
//
//	version     1 byte
//	flags       1 byte
//	status
//	fields      name and value, each with its length, one pair for each value
//	end         a name of length 0
//	body        the rest
//
// The fields that mark a replay are stored like the others, so that a replay has
// nothing to make.
const (
	recordVersion = 1
	flagOmitted   = 1 << 0 // the body, and perhaps the header, was not kept
	knownFlags    = flagOmitted
)

// shortRecord is the most that [appendShort] needs.
const shortRecord = 2 + 2 + 1

var errRecord = errors.New("server: stored record is damaged or of another version")

// appendFields encodes the values of one name.
func appendFields(to []byte, name string, values []string) []byte {
	for _, value := range values {
		to = appendField(to, name, value)
	}
	return to
}

// appendEnd encodes what ends the fields.
func appendEnd(to []byte) []byte {
	to = appendField(to, idem.ReplayedHeader, "true")
	to = appendField(to, idem.DateHeader, httpDate())
	return append(to, 0)
}

// appendShort encodes that there was a response, without header and body.
func appendShort(to []byte, status int) []byte {
	return append(appendStart(to, flagOmitted, status), 0)
}

func appendStart(to []byte, flags byte, status int) []byte {
	to = append(to, recordVersion, flags)
	return binary.AppendUvarint(to, uint64(status))
}

func appendField(to []byte, name, value string) []byte {
	return appendText(appendText(to, name), value)
}

func appendText(to []byte, s string) []byte {
	to = binary.AppendUvarint(to, uint64(len(s)))
	return append(to, s...)
}

func markOmitted(record []byte) { record[1] |= flagOmitted }

type formattedSecond struct {
	unix int64
	text string
}

var lastSecond atomic.Pointer[formattedSecond]

// httpDate is the time now as an HTTP-date, formatted once a second.
func httpDate() string {
	now := time.Now()
	if last := lastSecond.Load(); last != nil && last.unix == now.Unix() {
		return last.text
	}
	second := &formattedSecond{now.Unix(), now.UTC().Format(http.TimeFormat)}
	lastSecond.Store(second)
	return second.text
}

// response is a decoded record.
type response struct {
	status  int
	omitted bool
	section []byte // the encoded fields
	count   int    // of fields
	body    []byte
}

// decodeRecord reads a record, whose memory the response shares. What it does not
// fully understand it refuses with errRecord.
func decodeRecord(record []byte) (response, error) {
	if len(record) < 2 || record[0] != recordVersion || record[1]&^knownFlags != 0 {
		return response{}, errRecord
	}
	d := decoder{rest: record[2:]}
	status := d.number()
	if status < 100 || status > 999 {
		return response{}, errRecord
	}
	r := response{status: int(status), omitted: record[1]&flagOmitted != 0, section: d.rest}
	if status < 200 && !r.omitted { // not final: what came after it is not there
		return response{}, errRecord
	}
	for d.skip() > 0 {
		d.skip()
		r.count++
	}
	if d.failed || (r.omitted && len(d.rest) > 0) {
		return response{}, errRecord
	}
	r.section, r.body = r.section[:len(r.section)-len(d.rest)], d.rest
	return r, nil
}

// decoder reads the parts of a record; after the first failure all reads fail.
type decoder struct {
	rest   []byte
	failed bool
}

func (d *decoder) number() uint64 {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 {
		d.failed = true
		d.rest = nil
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

// skip passes over a text and returns its length.
func (d *decoder) skip() int {
	n := d.number()
	if n > uint64(len(d.rest)) {
		d.failed = true
		d.rest = nil
		return 0
	}
	d.rest = d.rest[n:]
	return int(n)
}

// fields yields the stored names and values in order. It converts the section to a
// string once and cuts them all from that.
func (r *response) fields() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		text := string(r.section)
		d := decoder{rest: r.section}
		for range r.count {
			n := d.skip()
			end := len(text) - len(d.rest)
			m := d.skip()
			valueEnd := len(text) - len(d.rest)
			if !yield(text[end-n:end], text[valueEnd-m:valueEnd]) {
				return
			}
		}
	}
}

// writeHeader puts the stored fields into h, in place of those that are there.
func (r *response) writeHeader(h http.Header) {
	values := make([]string, 0, r.count)
	last, start := "", 0
	for name, value := range r.fields() {
		if name != last {
			last, start = name, len(values)
		}
		values = append(values, value)
		h[name] = values[start:len(values):len(values)]
	}
}

// location returns the stored Location, "" when there is none.
func (r *response) location() string {
	for name, value := range r.fields() {
		if name == "Location" {
			return value
		}
	}
	return ""
}
