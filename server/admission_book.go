package server

import "time"

// buckets is into how many parts the book divides its horizon.
const buckets = 256

// book knows how many seats are promised for which part of the time ahead. It counts
// them rather than remember where the next one goes: so a seat that is given up can be
// promised again, and slots follow the handler when it becomes faster or slower.
type book struct {
	width    time.Duration // of a bucket
	first    int64         // the bucket of now
	promised [buckets + 1]int32
}

func newBook(horizon time.Duration) *book {
	return &book{width: (horizon + buckets - 1) / buckets}
}

func (b *book) bucket(at time.Duration) int64 { return int64(at / b.width) }

func (b *book) count(bucket int64) *int32 { return &b.promised[bucket%int64(len(b.promised))] }

// advance forgets what was promised for times gone by. The seats themselves are kept for
// their grace, but whether anybody will claim them is not known, so nobody is made to
// wait for them.
func (b *book) advance(now time.Duration) {
	current := b.bucket(now)
	if current-b.first >= int64(len(b.promised)) {
		b.first, b.promised = current, [buckets + 1]int32{}
	}
	for ; b.first < current; b.first++ {
		*b.count(b.first) = 0
	}
}

// add counts one seat at an instant of the horizon, and cancel takes it back.
func (b *book) add(at time.Duration) { *b.count(b.bucket(at))++ }

func (b *book) cancel(at time.Duration) {
	if bucket := b.bucket(at); bucket >= b.first && *b.count(bucket) > 0 {
		*b.count(bucket)--
	}
}

// free returns the first instant, up to the end of the horizon, at which there is nobody
// left in the line: when those who wait are served from an instant on, one at each
// interval, and those who were promised a seat join them at their time. It reports false
// when the line does not end so soon.
func (b *book) free(from, end, interval time.Duration, waiting int, share float64) (time.Duration, bool) {
	line := float64(waiting)
	for from < end {
		bucket := b.bucket(from)
		next := time.Duration(bucket+1) * b.width
		served := float64(next-from) / float64(interval)
		if bucket >= b.first+int64(len(b.promised)) {
			return 0, false
		}
		line += share * float64(*b.count(bucket))
		if line < served {
			at := from + time.Duration(line*float64(interval))
			return at, at < end
		}
		line -= served
		from = next
	}
	return 0, false
}
