package probes

import (
	"io"
	"math"

	"github.com/uptimer/uptimer/targets"
)

// Entry is a target that is ready to be checked. The target is never changed.
type Entry struct {
	Target *targets.Target
	Check  Check
}

// own is the entry with a target of its own, which does not keep the whole list in memory that it was made with.
func (e Entry) own() Entry {
	target := *e.Target
	e.Target = &target
	return e
}

// task is one target of the scheduler. Its fields belong to the scheduler's loop.
type task struct {
	Entry
	rhythm  rhythm
	due     int64 // in the timeline; unplanned if it is not there
	slot    int64 // while it waits: the slot that it waits to be checked at
	last    int64 // when the last check was due, or before the first one when it was added
	checks  int   // how many were made
	place   int32 // among those that are ready, from 1; 0 if it is not
	running bool
	lined   bool // in the line of those that are to be checked soon
	parked  bool // its turn in the line came while it ran
	removed bool
	retired []Check // of an earlier list, closed when the check that runs has ended
}

const unplanned = math.MinInt64

// waits tells whether its slot has come and it waits for a free place among the checks in flight.
func (t *task) waits() bool { return t.place != 0 }

// missed is for how many intervals it will not have been checked at a slot.
func (t *task) missed(slot int64) int64 { return (slot - t.last) / t.rhythm.interval }

// replace gives the task what a new list says. The rhythm stays if the interval does.
func (t *task) replace(e Entry, r rhythm) {
	if t.running {
		t.retired = append(t.retired, t.Check)
	} else {
		closeCheck(t.Check)
	}
	t.Entry, t.rhythm = e, r
}

// closeRetired ends what the task no longer uses. It must not be running.
func (t *task) closeRetired() {
	for _, c := range t.retired {
		closeCheck(c)
	}
	t.retired = nil
	if t.removed {
		closeCheck(t.Check)
	}
}

// closeCheck ends the connection that a check may keep. There is nobody to tell if that fails.
func closeCheck(c Check) {
	if closer, ok := c.(io.Closer); ok {
		_ = closer.Close()
	}
}
