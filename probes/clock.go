package probes

import "time"

// systemClock returns the wall clock in nanoseconds since the epoch, and the monotonic clock.
func systemClock() func() (wall int64, mono time.Duration) {
	began := time.Now()
	return func() (int64, time.Duration) {
		t := time.Now()
		return t.UnixNano(), t.Sub(began)
	}
}

// look reads the clock. If the wall clock was stepped since the last look, everything is planned anew.
func (s *Scheduler) look() {
	wall, mono := s.wall, s.mono
	s.wall, s.mono = s.clock()
	step := time.Duration(s.wall-wall) - (s.mono - mono)
	if step.Abs() < stepped {
		return
	}
	s.log.Warn("the clock was stepped: every target goes on with its next slot", "by", step.Round(time.Millisecond))
	s.timeline = timeline{}
	s.lineDue += int64(step)
	s.lateUntil.Store(0)
	for _, t := range s.tasks {
		s.replan(t)
	}
}

// replan gives a task the next slot after now, and never one that it was already checked at. If the clock went
// back by more than an interval that would be a stall: then the rhythm begins anew, as it does after a restart.
func (s *Scheduler) replan(t *task) {
	due := t.due
	t.due = unplanned // its place is gone with the timeline
	switch {
	case t.waits():
		slot := min(s.lastSlot(t, t.slot, skipClock), s.wall)
		s.ready.remove(t)
		s.wait(t, slot)
		return
	case due == unplanned:
		return
	}
	if due <= s.wall {
		s.observer.Skipped(skipClock, t.rhythm.count(due-1, s.wall))
	}
	slot := t.rhythm.after(s.wall)
	if slot <= t.last && t.last-s.wall < t.rhythm.interval {
		slot = t.rhythm.after(t.last)
	}
	s.timeline.plan(t, slot)
}
