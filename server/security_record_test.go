package server

import (
	"errors"
	"net/http"
	"strings"
	"testing"
)

// A record of what is no final response, replayed, would be another protocol on the same
// connection, or be followed by an answer that nobody has made.
func TestRecordOfNoFinalStatusIsRefused(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]error{100: errRecord, 101: errRecord, 103: errRecord, 199: errRecord, 200: nil, 999: nil} {
		record := append(appendEnd(appendStart(nil, 0, status)), "body"...)
		if _, err := decodeRecord(record); !errors.Is(err, want) {
			t.Errorf("%d: %v, want %v", status, err, want)
		}
	}
}

// What operators make records of may come from a proxy, with fields of its connection.
func TestEncodeResponseLeavesOutWhatIsOfOneConnection(t *testing.T) {
	t.Parallel()
	record, err := EncodeResponse(http.StatusOK, http.Header{
		"Connection": {"keep-alive, X-Hop"}, "X-Hop": {"once"}, "Keep-Alive": {"once"}, "Set-Cookie": {"once"}, "X-End": {"kept"},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if text := string(record); strings.Contains(text, "once") || !strings.Contains(text, "kept") {
		t.Errorf("record %q", text)
	}
}
