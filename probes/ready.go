package probes

// ready holds the tasks whose slot has come and that wait for a free place among the checks in flight. First is the
// one that has gone without a check for most of its intervals: so a machine that cannot keep up checks each target
// less often, and none never. Among equals the one whose slot came first is first; while the queue stands, it is the
// one whose slot came last, because the others are late already: better some slots skipped and the rest in time than
// all of them late. It is a heap that knows each task's place, so that one that has waited too long can leave.
type ready struct {
	heap        []waiting
	newestFirst bool
}

// waiting is a task that waits.
type waiting struct {
	task   *task
	missed int64 // for how many intervals it was not checked
	slot   int64
}

func (r *ready) len() int { return len(r.heap) }

// push lets a task wait to be checked at its slot. It must not be waiting.
func (r *ready) push(t *task) {
	w := waiting{t, t.missed(t.slot), t.slot}
	r.heap = append(r.heap, w)
	r.up(len(r.heap)-1, w)
}

// pop takes the first of those that wait.
func (r *ready) pop() *task {
	t := r.heap[0].task
	r.remove(t)
	return t
}

// remove takes a task out, if it waits.
func (r *ready) remove(t *task) {
	if !t.waits() {
		return
	}
	i, last := int(t.place)-1, len(r.heap)-1
	w := r.heap[last]
	r.heap[last] = waiting{}
	r.heap = r.heap[:last]
	t.place = 0
	if i < last {
		r.down(i, w)
		r.up(int(w.task.place)-1, w)
	}
	if last == 0 && cap(r.heap) > 4096 {
		r.heap = nil
	}
}

// order says whether the newest or the oldest slot is first among equals.
func (r *ready) order(newestFirst bool) {
	if r.newestFirst == newestFirst {
		return
	}
	r.newestFirst = newestFirst
	for i := len(r.heap) - 1; i >= 0; i-- {
		r.down(i, r.heap[i])
	}
}

func (r *ready) before(a, b waiting) bool {
	switch {
	case a.missed != b.missed:
		return a.missed > b.missed
	case r.newestFirst:
		return a.slot > b.slot
	}
	return a.slot < b.slot
}

// up puts w at i or, as far as it comes before them, at the place of one above.
func (r *ready) up(i int, w waiting) {
	for i > 0 && r.before(w, r.heap[(i-1)/2]) {
		r.put(i, r.heap[(i-1)/2])
		i = (i - 1) / 2
	}
	r.put(i, w)
}

// down puts w at i or, as far as they come before it, at the place of one below.
func (r *ready) down(i int, w waiting) {
	for {
		c := 2*i + 1
		if c >= len(r.heap) {
			break
		}
		if c+1 < len(r.heap) && r.before(r.heap[c+1], r.heap[c]) {
			c++
		}
		if !r.before(r.heap[c], w) {
			break
		}
		r.put(i, r.heap[c])
		i = c
	}
	r.put(i, w)
}

func (r *ready) put(i int, w waiting) {
	r.heap[i] = w
	w.task.place = int32(i) + 1
}
