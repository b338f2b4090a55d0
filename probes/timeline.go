package probes

import (
	"math"
	"slices"
)

// timeline holds tasks by when they are due. A task is planned when it is checked, and those of the same interval are due
// again in the same order: so most stand in one of a few lanes, each in the order in which they are due, where a place
// costs the same however many there are. What has no lane is in a heap with four children a node, because its keys then
// share cache lines. A task that was planned again, or dropped, stays in its old place too until that comes, or until
// there are too many such places.
type timeline struct {
	lanes [8]lane
	heap  []planned
	all   int // places
	stale int // those that hold no truth any more
}

const (
	// fewStale is how many stale places are never worth a look.
	fewStale = 1024
	// smallHeap is as many places as the heap keeps room for, however few there are.
	smallHeap = 4096
)

type planned struct {
	due  int64
	task *task
}

// reserve makes room for so many more, in any order.
func (l *timeline) reserve(n int) { l.heap = slices.Grow(l.heap, n) }

// plan makes a task due at a time, instead of any earlier plan.
func (l *timeline) plan(t *task, due int64) {
	l.drop(t)
	t.due = due
	l.all++
	l.pushHeap(planned{due, t})
}

// planNext is plan for a task whose time has just come, as that of others before it: it finds a lane. What comes in no
// order would leave the lanes ends that nothing is due after for hours.
func (l *timeline) planNext(t *task, due int64) {
	l.drop(t)
	t.due = due
	l.push(planned{due, t})
}

// drop takes a task out.
func (l *timeline) drop(t *task) {
	if t.due == unplanned {
		return
	}
	t.due = unplanned
	l.stale++
	if l.stale > fewStale && l.stale > l.all/2 {
		l.sweep()
	}
}

// sweep takes the stale places out.
func (l *timeline) sweep() {
	old := *l
	*l = timeline{heap: make([]planned, 0, len(old.heap))}
	for p, ok := old.take(math.MaxInt64); ok; p, ok = old.take(math.MaxInt64) {
		if p.task.due == p.due {
			l.push(p)
		}
	}
}

// push gives a place to what is planned: the end of the first lane that has an earlier one. So each lane ends before the
// one that stands before it, and those of the longest interval have the first.
func (l *timeline) push(p planned) {
	l.all++
	for i := range l.lanes {
		if lane := &l.lanes[i]; lane.end <= p.due {
			lane.push(p)
			return
		}
	}
	l.pushHeap(p)
}

// pop takes the first task that is due at now and when it was due, or nil.
func (l *timeline) pop(now int64) (t *task, due int64) {
	for p, ok := l.take(now); ok; p, ok = l.take(now) {
		if p.task.due == p.due {
			p.task.due = unplanned
			return p.task, p.due
		}
		l.stale = max(l.stale-1, 0) // the same place twice counts once
	}
	return nil, 0
}

// take takes the first place out, if it is due at now.
func (l *timeline) take(now int64) (p planned, ok bool) {
	first, due := l.first()
	switch {
	case l.all == 0 || due > now:
		return p, false
	case first != nil:
		p = first.pop()
	default:
		p = l.heap[0]
		l.removeFirst()
	}
	l.all--
	return p, true
}

// first is the lane whose first place comes first, nil if that is the heap's, and when it is due.
func (l *timeline) first() (first *lane, due int64) {
	due = math.MaxInt64
	if len(l.heap) > 0 {
		due = l.heap[0].due
	}
	for i := range l.lanes {
		if lane := &l.lanes[i]; lane.size > 0 && lane.begin < due {
			first, due = lane, lane.begin
		}
	}
	return first, due
}

// next is when the first task is due, and whether there is one.
func (l *timeline) next() (due int64, ok bool) {
	_, due = l.first()
	return due, l.all > 0
}

func (l *timeline) pushHeap(p planned) {
	l.heap = append(l.heap, p)
	i := len(l.heap) - 1
	for i > 0 {
		parent := (i - 1) / 4
		if l.heap[parent].due <= p.due {
			break
		}
		l.heap[i] = l.heap[parent]
		i = parent
	}
	l.heap[i] = p
}

func (l *timeline) removeFirst() {
	last := l.heap[len(l.heap)-1]
	l.heap[len(l.heap)-1] = planned{}
	l.heap = l.heap[:len(l.heap)-1]
	if n := len(l.heap); cap(l.heap) > smallHeap && n < cap(l.heap)/4 { // most have a lane by now
		l.heap = append(make([]planned, 0, 2*n), l.heap...)
	}
	n, i := len(l.heap), 0
	if n == 0 {
		return
	}
	for {
		least := 4*i + 1
		if least >= n {
			break
		}
		for c := least + 1; c < min(4*i+5, n); c++ {
			if l.heap[c].due < l.heap[least].due {
				least = c
			}
		}
		if last.due <= l.heap[least].due {
			break
		}
		l.heap[i] = l.heap[least]
		i = least
	}
	l.heap[i] = last
}
