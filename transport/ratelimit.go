package transport

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/dunglas/httpsfv"

	"github.com/goaroundhq/goaround/skew"
)

// firstMilli is where a Unix time is read as milliseconds: in seconds it would be of the
// year 5138.
const firstMilli = 1e11

// endOfMillis is where a Unix time in milliseconds becomes one that nobody means.
const endOfMillis = 1e14

// rateLimitReset returns how long a response that was refused for its rate, and has no
// Retry-After, asks to wait; 0 when it does not ask. The fields are RateLimit of the IETF
// draft "RateLimit header fields for HTTP" (draft-ietf-httpapi-ratelimit-headers-10),
// RateLimit-Reset of its early versions, and the X-RateLimit-Reset that came before it,
// which is a number of seconds or a Unix time.
func rateLimitReset(resp *http.Response, clock *skew.Clock) time.Duration {
	if !refused(resp) {
		return 0
	}
	if wait := exhausted(resp.Header["Ratelimit"]); wait > 0 {
		return wait
	}
	for _, prefix := range []string{"Ratelimit-", "X-Ratelimit-"} {
		if left := resp.Header.Get(prefix + "Remaining"); left != "" && left != "0" {
			continue // another limit refused it
		}
		if reset := strings.Trim(resp.Header.Get(prefix+"Reset"), " \t"); reset != "" && isDigits(reset) {
			return untilReset(reset, resp, clock)
		}
	}
	return 0
}

// exhausted returns when the last of the limits with nothing left begins anew.
func exhausted(values []string) time.Duration {
	list, err := httpsfv.UnmarshalList(values)
	if err != nil {
		return 0
	}
	var wait time.Duration
	for _, member := range list {
		item, ok := member.(httpsfv.Item)
		if !ok {
			continue
		}
		left, _ := item.Params.Get("r")
		after, _ := item.Params.Get("t")
		if seconds, ok := after.(int64); ok && left == int64(0) && 0 < seconds && seconds < firstEpoch {
			wait = max(wait, time.Duration(seconds)*time.Second)
		}
	}
	return wait
}

func untilReset(digits string, resp *http.Response, clock *skew.Clock) time.Duration {
	n, err := strconv.ParseInt(digits, 10, 64)
	switch {
	case err != nil, n >= endOfMillis:
		return 0
	case n < firstEpoch:
		return time.Duration(n) * time.Second
	case n < firstMilli:
		return until(time.Unix(n, 0), resp, clock)
	default:
		return until(time.UnixMilli(n), resp, clock)
	}
}
