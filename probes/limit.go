package probes

import "time"

const (
	// lagTarget is how long an answer may lie here unread before we are the bottleneck. It is in the reported times,
	// about three times a check.
	lagTarget = 10 * time.Millisecond
	// limitLooks is how often the limit is looked at. The least lag of that time counts: what is late all the time is
	// a queue, what is late now and then is another program's turn.
	limitLooks = 100 * time.Millisecond
	// freshLooks is for how many looks without lag a check counts as one that may want the processor.
	freshLooks = 5
	// The number of fresh checks in flight begins here, and is never lower than that.
	firstFresh, leastFresh = 64, 16
	// autoMost is how many checks auto lets be in flight at most: each takes some 10 KiB, 50 KiB with TLS.
	autoMost = 100_000
	// checkMemory is what each is given of half of the memory, where that is limited.
	checkMemory = 48 << 10
)

// limit says how many checks may be in flight. A number that the user gave is that. auto has two parts:
//
//   - All that are in flight need a descriptor and memory. So they are bounded by those that this process may open, and
//     by fewer for a while after one could not be had; and by half of the memory that it may use.
//   - Only those that are fresh may want the processor. Their number doubles with each look while it is wanted and
//     answers are read at once, whatever the targets take; it shrinks when answers lie here unread. It shrinks a little,
//     too, when in a quarter of the loop's rounds as many waited for the processor as may: more in flight are not more
//     checks then, and find less of themselves in the caches. One that has been in flight for half a second without our
//     lag waits for its target alone and is not counted: thousands of targets that hang take no place from others.
//
// It belongs to the scheduler's loop.
type limit struct {
	auto     bool
	most     int // checks in flight, at any rate
	allowed  int // checks in flight, now
	busy     int // fresh checks in flight, now
	inFlight int
	hanging  int             // in flight and not fresh
	fresh    [freshLooks]int // fresh ones by the look before which they began
	look     int
	hold     int  // so many looks are needed until the last change shows
	peak     int  // most fresh ones since the last look
	over     int  // those that ended since the last look
	wanted   bool // one more was wanted since the last look
	lagging  bool // at the last look
	rounds   int  // of the loop since the last look
	crowds   int  // and in how many as many waited for the processor as may
}

// newLimit makes the limit for a setting; descriptors is how many this process may open, memory how many bytes it may
// use.
func newLimit(c Concurrency, descriptors int, memory int64) limit {
	if c != 0 {
		return limit{most: int(c), allowed: int(c)}
	}
	most := descriptors - descriptors/8 - 64 // the rest is for resolver, writers and kept connections
	most = max(min(most, int(min(autoMost, memory/2/checkMemory))), leastFresh)
	return limit{auto: true, most: most, allowed: most, busy: min(firstFresh, most)}
}

// room tells whether one more check may start.
func (l *limit) room() bool {
	return !l.full() && (!l.auto || l.inFlight-l.hanging < l.busy)
}

// full tells whether as many are in flight as may be, whatever they do.
func (l *limit) full() bool { return l.inFlight >= l.allowed }

// cause is why there is no room, or was none.
func (l *limit) cause() string {
	if !l.auto || l.full() {
		return skipConcurrency
	}
	return skipBehind
}

// began takes note of a check, and returns what ended must be told.
func (l *limit) began() (look int) {
	l.inFlight++
	l.fresh[l.look%freshLooks]++
	l.peak = max(l.peak, l.inFlight-l.hanging)
	return l.look
}

func (l *limit) ended(look int) {
	l.inFlight--
	l.over++
	if l.look-look < freshLooks {
		l.fresh[look%freshLooks]--
	} else {
		l.hanging--
	}
}

// round takes note of a round of the loop, and whether as many wait for the processor as may.
func (l *limit) round(crowded bool) {
	l.rounds++
	if crowded {
		l.crowds++
	}
}

// adjust is called with each look, and told how long ago the last was. lag is for how long an answer lay here unread
// at least; short tells that a descriptor or a buffer could not be had.
func (l *limit) adjust(since, lag time.Duration, short bool) {
	if !l.auto {
		return
	}
	l.lagging = lag > lagTarget
	if short {
		l.allowed = max(min(l.allowed, l.inFlight)*3/4, leastFresh)
	} else {
		l.allowed = min(l.allowed+l.allowed/1024+1, l.most) // one percent a second
	}
	l.hold = max(l.hold-1, 0)
	switch calm := lag <= lagTarget/4; {
	case l.lagging && l.hold > 0:
	case l.lagging:
		l.busy = l.less(since, lag)
		l.hold = 1 + int(min(lag/limitLooks, freshLooks))
	case l.crowds > l.rounds/4:
		l.busy = min(l.busy, l.peak)
		l.busy -= l.busy / 16
	case l.wanted && calm:
		l.busy += l.busy/2 + 1
	case l.wanted:
		l.busy += l.busy/16 + 1
	case l.busy > max(2*l.peak, firstFresh): // what is not used must not be there when it gets busy
		l.busy -= l.busy / 16
	}
	if !l.lagging {
		l.age()
	}
	l.busy = max(min(l.busy, l.most), leastFresh)
	l.wanted, l.peak, l.over = false, l.inFlight-l.hanging, 0
	l.rounds, l.crowds = 0, 0
}

// less is how many fresh checks there should be for a lag that is too long: what was in use without those that cause
// the excess, but no less than half of it. A check waits for us about three times, so there are three times as many
// in the queue as end while it passes.
func (l *limit) less(since, lag time.Duration) int {
	used := min(l.busy, l.peak)
	excess := int(3 * float64(l.over) * float64(lag-lagTarget) / float64(max(since, limitLooks)))
	if l.over == 0 {
		excess = used
	}
	return max(used-excess, used/2)
}

// age lets those that began freshLooks ago be fresh no more.
func (l *limit) age() {
	l.look++
	l.hanging += l.fresh[l.look%freshLooks]
	l.fresh[l.look%freshLooks] = 0
}
