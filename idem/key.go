package idem

import (
	"context"
	"encoding/binary"
	"time"

	"github.com/google/uuid"
)

// NewKey returns a fresh random key: a UUIDv7 (RFC 9562), 36 characters. Make it
// once per logical operation, outside of any retry loop. It carries the time of the
// machine's clock, also when that was set back; keys of one millisecond have no order.
func NewKey() string {
	id := uuid.Must(uuid.NewRandom()) // fails only without system randomness, which ends the process
	ms := uint64(time.Now().UnixMilli())
	binary.BigEndian.PutUint32(id[0:], uint32(ms>>16))
	binary.BigEndian.PutUint16(id[4:], uint16(ms))
	id[6] = id[6]&0x0f | 7<<4
	return id.String()
}

// KeyTime returns the time at which a key made by [NewKey] was made, to the
// millisecond, by the clock of the machine that made it. ok is false when the
// key is not a UUIDv7.
func KeyTime(key string) (made time.Time, ok bool) {
	if len(key) != 36 {
		return time.Time{}, false
	}
	id, err := uuid.Parse(key)
	if err != nil || id.Version() != 7 {
		return time.Time{}, false
	}
	var ms int64
	for _, b := range id[:6] {
		ms = ms<<8 | int64(b)
	}
	return time.UnixMilli(ms), true
}

type keyContext struct{}

// WithKey returns a context that carries the key of the logical operation, to be
// sent by the transport package. Use it to take a key across a process boundary,
// or to keep one from before the call was first tried.
func WithKey(ctx context.Context, key string) context.Context {
	return context.WithValue(ctx, keyContext{}, key)
}

// WithNewKey is [WithKey] with a [NewKey], which it also returns.
func WithNewKey(ctx context.Context) (context.Context, string) {
	key := NewKey()
	return WithKey(ctx, key), key
}

// KeyFrom returns the key that [WithKey] put into the context.
func KeyFrom(ctx context.Context) (key string, ok bool) {
	key, ok = ctx.Value(keyContext{}).(string)
	return key, ok
}
