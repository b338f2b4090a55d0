package probes

import (
	"encoding/binary"
	"math/bits"
	"time"

	"github.com/google/uuid"
)

// rhythm is when a target is due: slot n at n × interval + offset, in nanoseconds since the Unix epoch. So starts
// are spread, and a restart keeps them.
type rhythm struct {
	interval, offset int64
}

// newRhythm spreads targets over the interval by their ids, and the locations that check the same target too.
func newRhythm(interval time.Duration, target uuid.UUID, location string) rhythm {
	if location != "" {
		target = uuid.NewSHA1(target, []byte(location))
	}
	offset, _ := bits.Mul64(uint64(interval), binary.BigEndian.Uint64(target[:8]))
	return rhythm{interval: int64(interval), offset: int64(offset)}
}

// after is the first slot later than t, which is not before 1970.
func (r rhythm) after(t int64) int64 {
	slot := (t-r.offset)/r.interval*r.interval + r.offset
	if slot <= t {
		slot += r.interval
	}
	return slot
}

// from is the first slot at t or later.
func (r rhythm) from(t int64) int64 { return r.after(t - 1) }

// count is how many slots there are later than a and not later than b.
func (r rhythm) count(a, b int64) int {
	if b <= a {
		return 0
	}
	return int((r.after(b) - r.after(a)) / r.interval)
}
