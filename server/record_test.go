package server

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
)

// encode makes the record of a response as a handler would.
func encode(status int, header http.Header, body []byte) []byte {
	c := capture{w: httptest.NewRecorder(), h: &handler{}, header: header}
	c.begin(status)
	return append(bytes.Clone(c.buf), body...)
}

func TestRecordRoundTrip(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		status int
		header http.Header
		body   []byte
	}{
		{"nothing", 204, nil, nil},
		{"fields", 201, http.Header{"Location": {"/17"}, "Link": {"</a>", "</b>"}, "X-Empty": {""}}, nil},
		{"body", 200, nil, []byte("text")},
		{"zeros", 799, http.Header{"A": {"\x00"}}, make([]byte, 1000)},
		{"long", 200, http.Header{"Long": {string(make([]byte, 300))}}, make([]byte, 1<<20)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, err := decodeRecord(encode(tt.status, tt.header, tt.body))
			if err != nil {
				t.Fatal(err)
			}
			got := http.Header{}
			r.writeHeader(got)
			for name, values := range tt.header {
				if !slices.Equal(got[name], values) {
					t.Errorf("%s: %q, want %q", name, got[name], values)
				}
			}
			if len(got) != len(tt.header)+2 || r.status != tt.status || r.omitted || !bytes.Equal(r.body, tt.body) {
				t.Errorf("status %d, omitted %v, header %v, %d bytes", r.status, r.omitted, got, len(r.body))
			}
			if r.location() != tt.header.Get("Location") {
				t.Errorf("location %q", r.location())
			}
		})
	}
}

func TestShortRecordFits(t *testing.T) {
	t.Parallel()
	for _, status := range []int{100, 127, 128, 200, 999} {
		short := appendShort(nil, status)
		if len(short) > shortRecord {
			t.Errorf("%d bytes, room is for %d", len(short), shortRecord)
		}
		if r, err := decodeRecord(short); err != nil || !r.omitted || r.status != status {
			t.Errorf("status %d came back as %+v, %v", status, r, err)
		}
	}
}

// A record that lost bytes is refused, wherever it was cut, unless only the body is
// shorter.
func TestCutRecordIsRefused(t *testing.T) {
	t.Parallel()
	whole := encode(201, http.Header{"Location": {"/17"}}, nil)
	for n := range whole {
		if r, err := decodeRecord(whole[:n]); !errors.Is(err, errRecord) {
			t.Errorf("cut at %d: %+v, %v", n, r, err)
		}
	}
}

// Whatever lies in a store, reading it does not crash, and what is read can be replayed
// and stored again.
func FuzzRecord(f *testing.F) {
	f.Add([]byte{})
	f.Add(encode(201, http.Header{"Location": {"/17"}, "Link": {"</a>", "</b>"}}, []byte("body")))
	f.Add(appendShort(nil, 500))
	f.Add([]byte{1, 0, 200, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Add([]byte{1, 1, 200, 1, 3, 'a', 'b', 'c', 0, 0})
	f.Fuzz(func(t *testing.T, record []byte) {
		r, err := decodeRecord(record)
		if err != nil {
			if !errors.Is(err, errRecord) {
				t.Fatalf("error %v", err)
			}
			return
		}
		r.location()
		again := appendStart(nil, record[1], r.status)
		n := 0
		for name, value := range r.fields() {
			again = appendField(again, name, value)
			n++
		}
		again = append(append(again, 0), r.body...)
		if n != r.count {
			t.Fatalf("%d fields, counted %d", n, r.count)
		}
		second, err := decodeRecord(again)
		if err != nil || second.status != r.status || second.omitted != r.omitted || second.count != r.count || !bytes.Equal(second.body, r.body) {
			t.Fatalf("%+v became %+v, %v", r, second, err)
		}
		header := http.Header{}
		r.writeHeader(header)
		values := 0
		for _, v := range header {
			values += len(v)
		}
		if values > r.count {
			t.Fatalf("%d values from %d fields", values, r.count)
		}
	})
}
