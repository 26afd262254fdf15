package transport_test

import (
	"net/http"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/skew"
	"github.com/goaroundhq/goaround/transport"
)

func TestRateLimitReset(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		date := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		unix := func(d time.Duration) string { return strconv.FormatInt(date.Add(d).Unix(), 10) }
		clock := skew.New(skew.WithOffset(time.Until(date))) // our own knows the time
		for _, tt := range []struct {
			name   string
			status int // 0 means 429
			header http.Header
			want   time.Duration
		}{
			{name: "nothing", header: http.Header{}},
			{name: "Unix time, from Date", header: http.Header{"X-Ratelimit-Reset": {unix(time.Hour)}, "Date": {date.Add(59 * time.Minute).Format(http.TimeFormat)}}, want: time.Minute},
			{name: "Unix time, from the clock", header: http.Header{"X-Ratelimit-Reset": {unix(time.Minute)}}, want: time.Minute},
			{name: "Unix time in milliseconds", header: http.Header{"X-Ratelimit-Reset": {unix(time.Minute) + "500"}}, want: time.Minute + 500*time.Millisecond},
			{name: "Unix time that is past", header: http.Header{"X-Ratelimit-Reset": {unix(-time.Minute)}}},
			{name: "seconds", header: http.Header{"X-Ratelimit-Reset": {"30"}}, want: 30 * time.Second},
			{name: "early draft", header: http.Header{"Ratelimit-Reset": {"30"}, "Ratelimit-Remaining": {"0"}}, want: 30 * time.Second},
			{name: "503", status: 503, header: http.Header{"X-Ratelimit-Reset": {"30"}}, want: 30 * time.Second},
			{name: "500 is not for its rate", status: 500, header: http.Header{"X-Ratelimit-Reset": {"30"}}},
			{name: "there is some left", header: http.Header{"X-Ratelimit-Reset": {"30"}, "X-Ratelimit-Remaining": {"7"}}},
			{name: "garbage", header: http.Header{"X-Ratelimit-Reset": {"soon"}}},
			{name: "negative", header: http.Header{"X-Ratelimit-Reset": {"-30"}}},
			{name: "too large", header: http.Header{"X-Ratelimit-Reset": {"99999999999999999999"}}},
			{name: "Retry-After wins", header: http.Header{"X-Ratelimit-Reset": {"30"}, "Retry-After": {"5"}}, want: 5 * time.Second},
			{name: "draft", header: http.Header{"Ratelimit": {`"default";r=0;t=30`}}, want: 30 * time.Second},
			{name: "draft, two limits", header: http.Header{"Ratelimit": {`"minute";r=0;t=30, "day";r=5;t=9000`, `"hour";r=0;t=40`}}, want: 40 * time.Second},
			{name: "draft, malformed", header: http.Header{"Ratelimit": {`"default`}}},
			{name: "draft, not an item", header: http.Header{"Ratelimit": {`("a" "b");r=0;t=30`}}},
			{name: "Unix time in microseconds", header: http.Header{"X-Ratelimit-Reset": {unix(time.Minute) + "000000"}}},
			{name: "Unix time in nanoseconds", header: http.Header{"X-Ratelimit-Reset": {unix(time.Minute) + "000000000"}}},
			{name: "draft 7 beside older fields", header: http.Header{"Ratelimit": {"limit=100, remaining=0, reset=20"}, "X-Ratelimit-Reset": {"30"}}, want: 30 * time.Second},
			{name: "draft with some left beside older fields", header: http.Header{"Ratelimit": {`"a";r=5;t=20`}, "X-Ratelimit-Reset": {"30"}, "X-Ratelimit-Remaining": {"0"}}, want: 30 * time.Second},
			{name: "draft wins", header: http.Header{"Ratelimit": {`"a";r=0;t=20`}, "X-Ratelimit-Reset": {"30"}}, want: 20 * time.Second},
			{name: "draft, no time", header: http.Header{"Ratelimit": {`"default";r=0`}}},
		} {
			status := tt.status
			if status == 0 {
				status = http.StatusTooManyRequests
			}
			if got := transport.RetryAfter(&http.Response{StatusCode: status, Header: tt.header}, clock); got != tt.want {
				t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
			}
		}
	})
}
