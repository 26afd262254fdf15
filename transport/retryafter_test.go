package transport_test

import (
	"math"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/skew"
	"github.com/goaroundhq/goaround/transport"
)

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // it is 2000-01-01 00:00:00 UTC
		now := time.Now().UTC()
		fast := now.Add(time.Hour) // the server's clock
		for _, tt := range []struct {
			name   string
			value  string
			date   time.Time // zero for no Date field
			age    string
			offset time.Duration // of our clock, as we know it
			want   time.Duration
		}{
			{name: "absent"},
			{name: "seconds", value: "120", want: 2 * time.Minute},
			{name: "space", value: " 7 ", want: 7 * time.Second},
			{name: "zero", value: "0"},
			{name: "negative", value: "-5"},
			{name: "fraction", value: "1.5"},
			{name: "plus", value: "+5"},
			{name: "garbage", value: "soon"},
			{name: "Arabic digits", value: "١٢"},
			{name: "largest that is a duration", value: "999999999", want: 999999999 * time.Second},
			{name: "seconds that overflow a duration", value: "9223372037"},
			{name: "more than an int64", value: "99999999999999999999", want: math.MaxInt64},
			{name: "Unix time that overflows", value: "9223372036854775807", want: math.MaxInt64},
			{name: "Unix time that overflows later", value: "9223371974719180000", want: math.MaxInt64},
			{name: "Unix time", value: "946684920", date: time.Time{}, want: 946684920 * time.Second}, // before 2001 it is a number of seconds
			{name: "Unix time from Date", value: "1767225660", date: time.Unix(1767225600, 0), want: time.Minute},
			{name: "IMF-fixdate", value: "Sat, 01 Jan 2000 00:01:00 GMT", want: time.Minute},
			{name: "RFC 850", value: "Saturday, 01-Jan-00 00:01:00 GMT", want: time.Minute},
			{name: "asctime", value: "Sat Jan  1 00:01:00 2000", want: time.Minute},
			{name: "past date", value: "Fri, 31 Dec 1999 23:59:00 GMT"},
			{name: "year 9999", value: "Fri, 31 Dec 9999 23:59:59 GMT", want: math.MaxInt64},
			{name: "server's clock is fast", value: fast.Add(time.Minute).Format(http.TimeFormat), date: fast, want: time.Minute},
			{name: "server's clock is slow", value: now.Add(-59 * time.Minute).Format(http.TimeFormat), date: now.Add(-time.Hour), want: time.Minute},
			{name: "an old response's Date is no clock", value: now.Add(time.Minute).Format(http.TimeFormat), date: now.Add(-time.Hour), age: "3600", want: time.Minute},
			{name: "our clock is known to be slow", value: fast.Add(time.Minute).Format(http.TimeFormat), offset: time.Hour, want: time.Minute},
		} {
			resp := &http.Response{Header: http.Header{}}
			if tt.value != "" {
				resp.Header.Set("Retry-After", tt.value)
			}
			if !tt.date.IsZero() {
				resp.Header.Set("Date", tt.date.UTC().Format(http.TimeFormat))
			}
			if tt.age != "" {
				resp.Header.Set("Age", tt.age)
			}
			got := transport.RetryAfter(resp, skew.New(skew.WithOffset(tt.offset)))
			if tt.name == "seconds that overflow a duration" {
				// Read as a Unix time, of the year 2262: far beyond any cap.
				if got < 200*365*24*time.Hour {
					t.Errorf("%s: %v", tt.name, got)
				}
				continue
			}
			if got != tt.want {
				t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
			}
		}
	})
}

// Whatever a server sends, the wait is never negative, and never a second for nothing.
func FuzzRetryAfter(f *testing.F) {
	for _, seed := range [][3]string{
		{"120", "", ""}, {"9223372037", "", ""}, {"99999999999999999999", "", ""}, {"-1", "", ""},
		{"Wed, 21 Oct 2026 07:28:00 GMT", "Wed, 21 Oct 2026 07:27:00 GMT", ""},
		{"Wednesday, 21-Oct-26 07:28:00 GMT", "", "10"}, {"Wed Oct 21 07:28:00 2026", "x", ""},
		{"Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 0001 00:00:00 GMT", ""}, {"1767225660", "Thu, 01 Jan 1970 00:00:00 GMT", ""},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, value, date, age string) {
		header := http.Header{"Retry-After": {value}, "Date": {date}, "Age": {age}}
		got := transport.RetryAfter(&http.Response{Header: header}, nil)
		if got < 0 {
			t.Fatalf("Retry-After %q, Date %q: %v", value, date, got)
		}
		if n := strings.TrimLeft(strings.Trim(value, " \t"), "0"); len(n) > 11 && strings.Trim(n, "0123456789") == "" && date == "" && got == 0 {
			t.Fatalf("Retry-After %q is ages away, and gives no wait", value)
		}
		if value == "" && got != 0 {
			t.Fatalf("no Retry-After, yet %v", got)
		}
		plain := strings.Trim(value, " \t")
		digits := plain != "" && strings.Trim(plain, "0123456789") == ""
		if _, err := http.ParseTime(plain); err != nil && !digits && got != 0 {
			t.Fatalf("Retry-After %q is neither number nor date, yet %v", value, got)
		}
	})
}
