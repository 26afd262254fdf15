package idem

import (
	"errors"
	"fmt"
	"strings"

	"github.com/dunglas/httpsfv"
)

// Header fields on the wire, in canonical form.
const (
	// Header carries the key: a String of RFC 9651 (quoted), as the IETF draft
	// "The Idempotency-Key HTTP Header Field" has it.
	Header = "Idempotency-Key"
	// ReplayedHeader is "true" on a response that was stored earlier.
	ReplayedHeader = "Idempotency-Replayed"
	// DateHeader carries the Date of the first response on a replay.
	DateHeader = "Idempotency-Date"
	// StatusHeader carries a Status on the answers that the server middleware
	// gives itself, so that a client need not parse the body.
	StatusHeader = "Idempotency-Status"
)

// Status is what the server middleware says of a request in [StatusHeader].
type Status string

// The statuses. Each but Unprotected is also the last part of the type URI of
// the problem document that it comes with.
const (
	KeyMissing        Status = "key-missing"         // 400: the route requires a key
	KeyInvalid        Status = "key-invalid"         // 400: not one key of 1 to 255 printable ASCII characters
	KeyExpired        Status = "key-expired"         // 400: older than the records that could know it
	BodyUnreadable    Status = "body-unreadable"     // 400: the body of a repeated request broke off
	ScopeUnknown      Status = "scope-unknown"       // 403: cannot tell whose key it is
	InProgress        Status = "in-progress"         // 409: the first request still runs; retry later
	OutcomeUnknown    Status = "outcome-unknown"     // 409: the first request did not finish; do not retry
	ResponseNotStored Status = "response-not-stored" // 409: done, but the response was not kept
	KeyReused         Status = "key-reused"          // 422: the key belongs to another request
	StoreUnavailable  Status = "store-unavailable"   // 503: cannot tell whether this was done before
	Unprotected       Status = "unprotected"         // the store failed and the route runs without it
)

// MaxKeyLen is the longest key that is accepted, in bytes.
const MaxKeyLen = 255

// maxField bounds what is parsed, in bytes: a key with all of it escaped takes half of it,
// and what parameters become takes many times the room that they have on the wire.
const maxField = 1 << 10

var (
	// ErrKeyMissing: there is no key where one is needed.
	ErrKeyMissing = errors.New("idem: idempotency key missing")
	// ErrKeyInvalid: what is there is not one key of 1 to 255 printable ASCII
	// characters. The error that wraps it says why.
	ErrKeyInvalid = errors.New("idem: idempotency key invalid")
)

// ParseHeader returns the key in the values of the [Header] field. The quoted
// form of the draft and the bare form that many clients send are the same key.
// There must be exactly one value: no field gives ErrKeyMissing, anything else
// that is not one key gives an error matching ErrKeyInvalid. Parameters after a
// quoted key are ignored, as RFC 9651 asks of parameters nobody defined. A value of
// more than 1 KiB, parameters included, is not one key.
func ParseHeader(values []string) (string, error) {
	if len(values) == 0 {
		return "", ErrKeyMissing
	}
	if len(values) > 1 {
		return "", fmt.Errorf("%w: %d fields, want one", ErrKeyInvalid, len(values))
	}
	v := trim(values[0])
	if len(v) > maxField {
		return "", fmt.Errorf("%w: value of %d bytes, at most %d", ErrKeyInvalid, len(v), maxField)
	}
	if strings.HasPrefix(v, `"`) {
		return parseQuoted(v)
	}
	if strings.ContainsAny(v, `",`) {
		return "", fmt.Errorf("%w: quote or comma in a bare key", ErrKeyInvalid)
	}
	return v, CheckKey(v)
}

// trim removes the optional whitespace of a field value (RFC 9110, 5.6.3), of which there
// is usually none.
func trim(v string) string {
	if v != "" && (v[0] <= ' ' || v[len(v)-1] <= ' ') {
		return strings.Trim(v, " \t")
	}
	return v
}

func parseQuoted(v string) (string, error) {
	if end := len(v) - 1; end > 0 && v[end] == '"' && strings.IndexByte(v[1:end], '"') < 0 &&
		strings.IndexByte(v, '\\') < 0 {
		return v[1:end], CheckKey(v[1:end]) // nothing to unescape: the usual case
	}
	item, err := httpsfv.UnmarshalItem([]string{v})
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrKeyInvalid, err)
	}
	key, ok := item.Value.(string)
	if !ok {
		return "", fmt.Errorf("%w: not a string", ErrKeyInvalid)
	}
	return key, CheckKey(key)
}

// CheckKey returns an error matching ErrKeyInvalid when key cannot be sent: it
// must have 1 to 255 characters of printable ASCII (0x20 to 0x7e), not all of
// them spaces.
func CheckKey(key string) error {
	if len(key) > MaxKeyLen {
		return fmt.Errorf("%w: %d bytes, at most %d", ErrKeyInvalid, len(key), MaxKeyLen)
	}
	for i := range len(key) {
		if key[i] < 0x20 || key[i] > 0x7e {
			return fmt.Errorf("%w: byte %#02x at %d is not printable ASCII", ErrKeyInvalid, key[i], i)
		}
	}
	if strings.TrimLeft(key, " ") == "" {
		return fmt.Errorf("%w: empty", ErrKeyInvalid)
	}
	return nil
}

// FormatHeader returns key in the quoted form of the draft, ready to be the value
// of [Header]; or an error matching ErrKeyInvalid.
func FormatHeader(key string) (string, error) {
	if err := CheckKey(key); err != nil {
		return "", err
	}
	if !strings.ContainsAny(key, `"\`) {
		return `"` + key + `"`, nil
	}
	v, err := httpsfv.Marshal(httpsfv.NewItem(key))
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrKeyInvalid, err)
	}
	return v, nil
}

// FormatBareHeader returns key without quotes, for servers that do not know the
// draft; or an error matching ErrKeyInvalid when it would not be read back as
// the same key.
func FormatBareHeader(key string) (string, error) {
	got, err := ParseHeader([]string{key})
	if err != nil {
		return "", err
	}
	if got != key {
		return "", fmt.Errorf("%w: needs quotes", ErrKeyInvalid)
	}
	return key, nil
}
