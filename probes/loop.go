package probes

import (
	"context"
	"time"
)

// loop plans until ctx ends or all is done, and returns when no check is in flight.
func (s *Scheduler) loop(ctx context.Context) {
	timer := time.NewTimer(lookAtLeast)
	defer timer.Stop()
	defer close(s.jobs)
	defer s.drain()
	s.wall, s.mono = s.clock()
	for {
		select {
		case <-ctx.Done():
			return
		case list := <-s.lists:
			s.look()
			s.replace(list)
		case <-s.wake:
		case <-timer.C:
		}
		s.collect()
		s.look()
		s.takeDue()
		s.startReady(ctx)
		s.takeLine(ctx)
		s.tell()
		if s.done() {
			return
		}
		timer.Reset(s.rest())
	}
}

// done tells whether every target was checked as often as asked.
func (s *Scheduler) done() bool {
	return s.listed && s.count > 0 && s.unmade == 0 && s.inFlight == 0
}

// drain waits for the checks in flight, whose context has ended, and closes what the checks keep open.
func (s *Scheduler) drain() {
	for s.inFlight > 0 {
		<-s.wake
		s.collect()
	}
	for _, t := range s.tasks {
		t.removed = true
		t.closeRetired()
	}
}

// collect takes note of the checks that have ended.
func (s *Scheduler) collect() {
	s.mu.Lock()
	finished := s.finished
	s.finished = nil
	s.mu.Unlock()
	for _, t := range finished {
		t.running = false
		t.closeRetired()
		s.inFlight--
		switch {
		case t.removed:
			delete(s.leaving, t.Target.ID)
		case t.parked:
			t.parked = false
			s.line.push(t)
		}
	}
}

// tell passes on what has changed.
func (s *Scheduler) tell() {
	s.observer.InFlight(s.inFlight)
	if s.outbox.full() {
		s.full.Happened()
	} else {
		s.full.Quiet(fullEnds)
	}
	s.faults.quiet()
	if s.listed {
		s.beat.Store(max(int64(s.mono), 1))
	}
}

// rest is how long the loop may sleep.
func (s *Scheduler) rest() time.Duration {
	rest := lookAtLeast
	if due, ok := s.timeline.next(); ok {
		rest = min(rest, time.Duration(due-s.wall))
	}
	if s.line.len() > 0 && s.room() {
		rest = min(rest, time.Duration(s.lineDue-s.wall))
	}
	_, mono := s.clock()
	return max(rest-(mono-s.mono), 0)
}

// room tells whether one more check may start.
func (s *Scheduler) room() bool { return s.inFlight < s.limit && !s.outbox.full() }

// takeDue moves the tasks whose slot has come among those that wait for a free place.
func (s *Scheduler) takeDue() {
	for t, slot := s.timeline.pop(s.wall); t != nil; t, slot = s.timeline.pop(s.wall) {
		if t.removed {
			continue
		}
		slot = s.lastSlot(t, slot, skipBehind)
		switch {
		case t.running:
			s.skip(t, slot, skipOverrun)
		case s.outbox.full():
			s.skip(t, slot, skipWriter)
		default:
			t.slot, t.waiting = slot, true
			s.ready.push(t)
		}
	}
}

// lastSlot is the last slot that has come by now, the one that can still be met; those before are skipped.
func (s *Scheduler) lastSlot(t *task, slot int64, cause string) int64 {
	n := t.rhythm.count(slot, s.wall)
	if n > 0 {
		s.observer.Skipped(cause, n)
	}
	return slot + int64(n)*t.rhythm.interval
}

// skip leaves a slot out and plans the next.
func (s *Scheduler) skip(t *task, slot int64, cause string) {
	s.observer.Skipped(cause, 1)
	s.timeline.plan(t, t.rhythm.after(slot))
}

// startReady starts what is due, the longest waiting first, as far as there is room.
func (s *Scheduler) startReady(ctx context.Context) {
	for s.ready.len() > 0 && s.inFlight < s.limit {
		t := s.ready.pop()
		if !t.waiting { // it is gone, or has another rhythm since
			continue
		}
		t.waiting = false
		slot := s.lastSlot(t, t.slot, skipConcurrency)
		if s.outbox.full() {
			s.skip(t, slot, skipWriter)
			continue
		}
		s.start(ctx, t, slot)
	}
}

// takeLine starts targets that were never checked, one after the other at the pace of the line. The line yields:
// while checks start late, or there is no room, it waits, and it does not hurry afterwards.
func (s *Scheduler) takeLine(ctx context.Context) {
	for s.line.len() > 0 && (s.lineDue <= s.wall || s.onePass) {
		if !s.room() || s.ready.len() > 0 {
			s.lineDue = max(s.lineDue, s.wall)
			return
		}
		if until := s.lateUntil.Load(); until > s.wall && !s.onePass {
			s.lineDue = until
			return
		}
		if s.wall-s.lineDue > int64(lineYields) || s.onePass {
			s.lineDue = s.wall
		}
		t := s.line.pop()
		switch {
		case !t.lined || t.removed: // its slot came first, or it is gone
		case t.running:
			t.parked = true
		default:
			s.timeline.drop(t)
			s.start(ctx, t, s.lineDue)
		}
		s.lineDue += int64(linePace)
	}
}

// start begins a check that was due at a time, and plans the next.
func (s *Scheduler) start(ctx context.Context, t *task, due int64) {
	first := t.lined
	t.running, t.lined, t.last = true, false, due
	t.checks++
	s.inFlight++
	switch {
	case t.checks == s.count:
		s.unmade--
	case first: // a slot soon after the first check is left out
		s.timeline.plan(t, t.rhythm.from(due+t.rhythm.interval/2))
	default:
		s.timeline.plan(t, t.rhythm.after(due))
	}
	s.give(ctx, job{t, t.Entry, due})
}
