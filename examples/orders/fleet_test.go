package main

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestAcknowledged(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		body   string
		bad    string // "" when it is the receipt
	}{
		"receipt":            {status: 201, body: `{"order":"a","receipt":1}`},
		"refused":            {status: 400, body: "no order\n", bad: "Bad Request: no order"},
		"another's receipt":  {status: 201, body: `{"order":"b","receipt":1}`, bad: "a got the receipt of b"},
		"receipt broken off": {status: 201, body: `{"order":"a"`, bad: "receipt"},
	} {
		err := acknowledged(&http.Response{
			StatusCode: test.status,
			Status:     http.StatusText(test.status),
			Body:       io.NopCloser(strings.NewReader(test.body)),
		}, "a")
		switch {
		case test.bad == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case test.bad != "" && (err == nil || !strings.Contains(err.Error(), test.bad)):
			t.Errorf("%s: error %v, want %q in it", name, err, test.bad)
		}
	}
}
