package transport

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

var errChanged = errors.New("transport: the server does not give the rest of what it began to send")

// fits checks that a response is the rest of the download, and returns the size of the whole
// and the length of this part.
func (d *download) fits(resp *http.Response) (size, length int64, err error) {
	first, last, size, ok := parseContentRange(resp.Header.Get("Content-Range"))
	coding := resp.Header.Get("Content-Encoding")
	switch {
	case resp.StatusCode != http.StatusPartialContent:
		return 0, 0, fmt.Errorf("%w: status %s", errChanged, resp.Status)
	case resp.Header.Get("Etag") != d.etag:
		return 0, 0, fmt.Errorf("%w: ETag %s, was %s", errChanged, resp.Header.Get("Etag"), d.etag)
	case !ok || first != d.offset || (d.size >= 0 && size != d.size):
		return 0, 0, fmt.Errorf("%w: Content-Range %q, at %d of %d bytes", errChanged, resp.Header.Get("Content-Range"), d.offset, d.size)
	case resp.ContentLength >= 0 && resp.ContentLength != last-first+1:
		return 0, 0, fmt.Errorf("%w: %d bytes for Content-Range %q", errChanged, resp.ContentLength, resp.Header.Get("Content-Range"))
	case resp.Uncompressed, coding != "" && coding != d.coding: // it may be left out (RFC 9110, 15.3.7)
		return 0, 0, fmt.Errorf("%w: Content-Encoding %q, was %q", errChanged, coding, d.coding)
	default:
		return size, last - first + 1, nil
	}
}

// parseContentRange reads a range of bytes whose whole is of a known size (RFC 9110, 14.4):
// "bytes 7-9/10".
func parseContentRange(s string) (first, last, size int64, ok bool) {
	unit, s, _ := strings.Cut(s, " ")
	span, whole, _ := strings.Cut(s, "/")
	from, to, _ := strings.Cut(span, "-")
	var errs [3]error
	first, errs[0] = parseSize(from)
	last, errs[1] = parseSize(to)
	size, errs[2] = parseSize(whole)
	ok = strings.EqualFold(unit, "bytes") && errors.Join(errs[:]...) == nil && first <= last && last < size
	return first, last, size, ok
}

func parseSize(s string) (int64, error) {
	n, err := strconv.ParseUint(s, 10, 63) // no sign
	return int64(n), err
}
