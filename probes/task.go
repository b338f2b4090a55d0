package probes

import (
	"io"
	"math"

	"github.com/uptimer/uptimer/targets"
)

// Entry is a target that is ready to be checked.
type Entry struct {
	Target targets.Target
	Check  Check
}

// task is one target of the scheduler. Its fields belong to the scheduler's loop.
type task struct {
	Entry
	rhythm  rhythm
	due     int64 // in the timeline; unplanned if it is not there
	slot    int64 // while waiting: the slot that it waits to be checked at
	last    int64 // when the last check was due
	checks  int   // how many were made
	running bool
	waiting bool // for a free place among the checks in flight
	lined   bool // in the line of those that are to be checked soon
	parked  bool // its turn in the line came while it ran
	removed bool
	retired []Check // of an earlier list, closed when the check that runs has ended
}

const unplanned = math.MinInt64

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
