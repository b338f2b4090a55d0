package probes

import "slices"

// timeline holds tasks by when they are due: a heap with four children a node, because its keys then share cache
// lines. A task that was planned again, or dropped, stays in its old place too until that comes, or until there are
// too many such places.
type timeline struct {
	heap  []planned
	stale int // places that hold no truth any more
}

// fewStale is how many stale places are never worth a look.
const fewStale = 1024

type planned struct {
	due  int64
	task *task
}

// reserve makes room for so many more.
func (l *timeline) reserve(n int) { l.heap = slices.Grow(l.heap, n) }

// plan makes a task due at a time, instead of any earlier plan.
func (l *timeline) plan(t *task, due int64) {
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
	if l.stale > fewStale && l.stale > len(l.heap)/2 {
		l.sweep()
	}
}

// sweep takes the stale places out.
func (l *timeline) sweep() {
	all := l.heap
	*l = timeline{heap: make([]planned, 0, len(all)-l.stale)}
	for _, p := range all {
		if p.task.due == p.due {
			l.push(p)
		}
	}
}

func (l *timeline) push(p planned) {
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

// pop takes the first task that is due at now and when it was due, or nil.
func (l *timeline) pop(now int64) (t *task, due int64) {
	for len(l.heap) > 0 && l.heap[0].due <= now {
		first := l.heap[0]
		l.removeFirst()
		if first.task.due == first.due {
			first.task.due = unplanned
			return first.task, first.due
		}
		l.stale = max(l.stale-1, 0) // the same place twice counts once
	}
	return nil, 0
}

// next is when the first task is due, and whether there is one.
func (l *timeline) next() (due int64, ok bool) {
	if len(l.heap) == 0 {
		return 0, false
	}
	return l.heap[0].due, true
}

func (l *timeline) removeFirst() {
	last := l.heap[len(l.heap)-1]
	l.heap[len(l.heap)-1] = planned{}
	l.heap = l.heap[:len(l.heap)-1]
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
