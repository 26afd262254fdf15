package call

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/google/uuid"
)

// tenants share each key: what belongs to one must never come to another.
const tenants = 4

// Header fields and the path of an order.
const (
	TenantHeader = "Tenant"
	Path         = "/orders"
)

// Clocks of client hosts are wrong, and jump: what they are off by lies between these, and is
// another for each so many keys. The time is in the keys; nothing else of theirs is sent.
const (
	slow  = -20 * time.Hour
	fast  = 4 * time.Minute
	jumps = 100
)

// deadlines are how long a call for an order may take. The short ones pass in the middle of
// what other calls wait for.
var deadlines = []time.Duration{500 * time.Millisecond, time.Second, 3 * time.Second, longest}

// longest is the deadline of orders that are [Long], and of others.
const longest = 10 * time.Second

// Order is one operation.
type Order struct {
	Tenant   string
	Key      string // a UUIDv7
	Body     string
	Deadline time.Duration // of a call
}

// NewOrder is the order of a number in a run that started then, the same in each process.
func NewOrder(seed uint64, start time.Time, number int) Order {
	rng := rand.New(rand.NewPCG(seed, uint64(number)))
	o := Order{
		Tenant:   fmt.Sprintf("t%d", number%tenants),
		Key:      key(seed, start, number/tenants),
		Body:     fmt.Sprintf(`{"order":%d,"note":%q}`, number, strings.Repeat("-", rng.IntN(1024))),
		Deadline: deadlines[rng.IntN(len(deadlines))],
	}
	if Long(o.Name()) {
		o.Deadline = longest
	}
	return o
}

// Long reports whether the order of a name takes its handler some time, as one in fifty does.
func Long(name string) bool {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(name)) // a hash takes everything
	return hash.Sum64()%50 == 0
}

// key is what a client makes whose clock is wrong.
func key(seed uint64, start time.Time, number int) string {
	clock := rand.New(rand.NewPCG(^seed, uint64(number/jumps)))
	off := slow + time.Duration(clock.Int64N(int64(fast-slow)))
	rng := rand.New(rand.NewPCG(^seed, ^uint64(number)))
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[:], uint64(start.Add(off).UnixMilli())<<16|rng.Uint64()&0xffff)
	binary.BigEndian.PutUint64(id[8:], rng.Uint64())
	id[6] = id[6]&0x0f | 0x70 // version 7
	id[8] = id[8]&0x3f | 0x80 // of RFC 9562
	return id.String()
}

// Name is what the ledger knows the order by.
func (o Order) Name() string { return Name(o.Tenant, o.Key) }

// Name is that of the order of a tenant's key.
func Name(tenant, key string) string { return tenant + "/" + key }

// Receipt is the response to an order.
type Receipt struct {
	Order string // its Name
	Run   string // of the handler, as the ledger has it
}
