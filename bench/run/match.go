//go:build linux

package main

import (
	"math"
	"net/netip"
	"slices"
	"time"

	"github.com/uptimer/uptimer/bench/field"
)

// window is the time over which a run is judged.
type window struct{ from, to time.Time }

func (w window) holds(at int64) bool { return at >= w.from.UnixNano() && at < w.to.UnixNano() }

// findings are worked out from the events of a run, and from the farm's records.
type findings struct {
	checks    int // in the window
	missed    int // slots in the window without a check
	outages   int // checks that called a target down that is up
	reasons   map[string]int
	late      []time.Duration // event_time - scheduled_at
	wrong     []time.Duration // reported time - that of the target, either way
	farmLate  []time.Duration
	unmatched int     // checks that the farm knows nothing of
	fair      float64 // how often the least checked target was, as a part of the average

	inexact []time.Duration // how far two checks of a target are from one interval apart
	busiest float64         // how many times its even share of the checks the busiest moment of the interval holds
}

// look works out what the events of a run say about the targets of the scenario, but for those that never answer.
// There is one target for each id.
func look(s scenario, events []seen, records []field.Record, w window) (f findings) {
	f.reasons = map[string]int{}
	asked := byTarget(records)
	own, starts := map[[16]byte][]int64{}, map[[16]byte][]int64{}
	for _, e := range events {
		if !s.judges(e.target) {
			continue
		}
		own[e.id] = append(own[e.id], e.due)
		starts[e.id] = append(starts[e.id], e.began)
		if !w.holds(e.began) {
			continue
		}
		f.checks++
		f.late = append(f.late, time.Duration(e.began-e.due))
		if !e.up {
			f.outages++
			f.reasons[e.reason]++
			continue
		}
		if records == nil {
			continue
		}
		record, ok := find(asked[e.target], e)
		if !ok {
			f.unmatched++
			continue
		}
		f.wrong = append(f.wrong, (time.Duration(e.took) - record.Took() - connecting(record, e)).Abs())
		f.farmLate = append(f.farmLate, time.Duration(record.Late))
	}
	least := math.MaxInt
	for _, dues := range own {
		f.missed += missed(dues, w, s.interval)
		inside := 0
		for _, due := range dues {
			if w.holds(due) {
				inside++
			}
		}
		least = min(least, inside)
	}
	if silent := s.targets() - s.hanging - len(own); silent > 0 {
		f.missed += silent * int(w.to.Sub(w.from)/s.interval)
		least = 0
	}
	f.fair = float64(least) * float64(len(own)) / float64(max(f.checks, 1))
	f.rhythm(s, starts, w)
	for _, list := range [][]time.Duration{f.late, f.wrong, f.farmLate, f.inexact} {
		slices.Sort(list)
	}
	return f
}

// connecting is what a check had to do with the target before it asked: nothing if the connection was kept from an
// earlier one.
func connecting(r field.Record, e seen) time.Duration {
	if r.Connected < e.began {
		return 0
	}
	return time.Duration(r.Asked - r.Connected)
}

// A moment is the part of an interval that is looked at for crowds.
const momentsOfInterval = 100

// rhythm looks at how even and exact the starts of each target are, in as many whole intervals as there are.
func (f *findings) rhythm(s scenario, starts map[[16]byte][]int64, w window) {
	step := int64(s.interval)
	w.to = w.from.Add(w.to.Sub(w.from).Truncate(s.interval))
	moments := make([]int, momentsOfInterval)
	n := 0
	for _, own := range starts {
		slices.Sort(own)
		for i, at := range own {
			if !w.holds(at) {
				continue
			}
			n++
			moments[at%step*momentsOfInterval/step]++
			if i > 0 && w.holds(own[i-1]) {
				f.inexact = append(f.inexact, time.Duration(at-own[i-1]-step).Abs())
			}
		}
	}
	f.busiest = float64(slices.Max(moments)) * momentsOfInterval / float64(max(n, 1))
}

// byTarget sorts records by target, and those of each by time.
func byTarget(records []field.Record) map[netip.AddrPort][]field.Record {
	all := map[netip.AddrPort][]field.Record{}
	for _, r := range records {
		if r.Answered != 0 {
			all[r.Target] = append(all[r.Target], r)
		}
	}
	for _, list := range all {
		slices.SortFunc(list, func(a, b field.Record) int { return int(a.Asked - b.Asked) })
	}
	return all
}

// slack is how far two clocks of one machine may be apart; event_time has microseconds only.
const slack = 50 * time.Microsecond

// find is the record that belongs to a check: asked while it ran.
func find(records []field.Record, e seen) (field.Record, bool) {
	i, _ := slices.BinarySearchFunc(records, e.began-int64(slack), func(r field.Record, at int64) int { return int(r.Asked - at) })
	if i == len(records) || records[i].Asked > e.began+e.took+int64(slack) {
		return field.Record{}, false
	}
	return records[i], true
}

// missed counts the slots of a target in the window at which it was not checked. Its last check tells its rhythm. One
// that is nearer than half an interval after its first check, which waits for no slot, is to be left out.
func missed(dues []int64, w window, interval time.Duration) (n int) {
	slices.Sort(dues)
	to, step := w.to.UnixNano(), int64(interval)
	if len(dues) == 1 { // which may have waited for no slot: the next is at most one and a half intervals later
		return max(int((to-dues[0]-step/2-1)/step), 0)
	}
	from := max(w.from.UnixNano(), dues[0]+step/2)
	slot := dues[len(dues)-1]
	for slot -= (slot - from) / step * step; slot < from; slot += step {
	}
	for ; slot < to; slot += step {
		if _, checked := slices.BinarySearch(dues, slot); !checked {
			n++
		}
	}
	return n
}

// percentile of sorted times.
func percentile(sorted []time.Duration, p float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(float64(len(sorted))*p/100), len(sorted)-1)].Round(10 * time.Microsecond)
}
