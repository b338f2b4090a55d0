package probes

import (
	"context"
	"time"
)

// loop plans until ctx ends or all is done, and returns when no check is in flight.
func (s *Scheduler) loop(ctx context.Context) {
	timer := time.NewTimer(lookAtLeast)
	defer timer.Stop()
	defer s.dismiss()
	defer s.drain(ctx)
	s.wall, s.mono = s.clock()
	s.drained = s.mono
	wake := s.wake
	for {
		select {
		case <-ctx.Done():
			return
		case c := <-s.changes:
			s.look()
			s.apply(c)
		case <-wake:
			if soon := s.soon(); soon > 0 {
				wake = nil
				timer.Reset(soon)
				continue
			}
		case <-timer.C:
		}
		wake = s.wake
		s.collect()
		s.look()
		s.limit.round(backlog.Load() >= s.mostBacklog)
		s.adjust()
		s.takeDue(ctx)
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
	return s.listed && s.count > 0 && s.unmade == 0 && s.limit.inFlight == 0
}

// drain waits for the checks in flight, whose context has ended, and closes what the checks keep open.
func (s *Scheduler) drain(ctx context.Context) {
	if s.limit.inFlight > 0 { // else it may not have ended, and none needs to be told
		s.cancel(ctx)
	}
	for s.collect(); s.limit.inFlight > 0; s.collect() { // some may have ended while the loop rested
		<-s.wake
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
	s.finished, s.spare = s.spare[:0], nil
	s.mu.Unlock()
	for _, f := range finished {
		t := f.task
		t.running = false
		t.closeRetired()
		s.limit.ended(f.look)
		switch {
		case t.removed:
			delete(s.leaving, t.Target.ID)
		case t.parked:
			t.parked = false
			s.line.push(t)
		}
	}
	clear(finished)
	s.spare = finished
}

// tell passes on what has changed.
func (s *Scheduler) tell() {
	s.observer.InFlight(s.limit.inFlight)
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

// soon is how long the loop rests before it takes note of what has changed: not at all if a check waits for the end of
// another and few are in flight. Where they are many, the places that come free meanwhile are given away together: to
// look for a place after each check took six percent of the processor when it was full.
func (s *Scheduler) soon() time.Duration {
	if s.limit.inFlight < fewInFlight && !s.limit.room() && s.ready.len()+s.line.len() > 0 {
		return 0
	}
	_, mono := s.clock()
	return s.mono + round - mono
}

// rest is how long the loop may sleep.
func (s *Scheduler) rest() time.Duration {
	rest := lookAtLeast
	if due, ok := s.timeline.next(); ok {
		rest = min(rest, time.Duration(due-s.wall))
	}
	if s.line.len() > 0 && s.limit.room() && !s.outbox.full() {
		rest = min(rest, time.Duration(s.lineDue-s.wall))
	}
	if s.ready.len() > 0 && s.limit.room() { // as soon as others have gone on
		rest = round
	}
	rest = max(min(rest, s.nextLook()), round)
	_, mono := s.clock()
	return max(rest-(mono-s.mono), 0)
}

// takeDue starts the tasks whose slot has come, or moves them among those that wait for a free place. It meets those
// that have waited too long, too.
func (s *Scheduler) takeDue(ctx context.Context) {
	for t, slot := s.timeline.pop(s.wall); t != nil; t, slot = s.timeline.pop(s.wall) {
		if t.removed {
			continue
		}
		cause := skipBehind
		if t.waits() {
			s.ready.remove(t)
			slot, cause = t.slot, s.limit.cause()
		}
		slot = s.lastSlot(t, slot, cause)
		switch {
		case t.running:
			s.skip(t, slot, skipOverrun)
		case s.outbox.full():
			s.skip(t, slot, skipWriter)
		case s.wall-slot >= s.patience(t, slot):
			s.skip(t, slot, cause)
		case s.ready.len() == 0 && s.room():
			s.start(ctx, t, slot)
		default:
			s.wait(t, slot)
		}
	}
}

// wait lets a task wait to be checked at its slot, for as long as patience lasts.
func (s *Scheduler) wait(t *task, slot int64) {
	t.slot = slot
	s.ready.push(t)
	s.timeline.planNext(t, slot+s.patience(t, slot))
}

// room tells whether one more check may start now. A number of checks in flight that the user gave is that number, however
// late they go on.
func (s *Scheduler) room() bool {
	return s.limit.room() && (!s.limit.auto || backlog.Load() < s.mostBacklog)
}

// patience is how late the check of a slot may start; after that the slot is skipped. Where all places are taken it
// is a part of the interval, because a place may come free seldom, and it doubles with each slot that is missed in a
// row, because that may be at always the same part of the interval.
func (s *Scheduler) patience(t *task, slot int64) int64 {
	p := int64(patient)
	if s.ready.newestFirst {
		p = int64(hurried)
	}
	if s.limit.cause() == skipConcurrency {
		p = max(p, t.rhythm.interval/16) << min(max(t.missed(slot)-1, 0), 3)
	}
	return min(p, t.rhythm.interval/2)
}

// lastSlot is the last slot that has come by now, the one that can still be met; those before are skipped.
func (s *Scheduler) lastSlot(t *task, slot int64, cause string) int64 {
	n := t.rhythm.count(slot, s.wall)
	if n > 0 {
		s.skipped(cause, n)
	}
	return slot + int64(n)*t.rhythm.interval
}

// skip leaves a slot out and plans the next.
func (s *Scheduler) skip(t *task, slot int64, cause string) {
	s.skipped(cause, 1)
	s.timeline.planNext(t, t.rhythm.after(slot))
}

// startReady starts those that wait, as far as there is room.
func (s *Scheduler) startReady(ctx context.Context) {
	for s.ready.len() > 0 && s.room() {
		t := s.ready.pop()
		if s.outbox.full() {
			s.skip(t, t.slot, skipWriter)
			continue
		}
		s.start(ctx, t, t.slot)
	}
	switch {
	case s.ready.len() == 0:
		s.drained = s.mono
		s.ready.order(false)
	case s.mono-s.drained >= standing:
		s.ready.order(true)
	}
	s.limit.wanted = s.limit.wanted || s.ready.len() > 0 && !s.limit.room()
}

// takeLine starts targets that were never checked, one after the other at the pace of the line. The line yields:
// while checks start late, we lag, or there is no room, it waits, and it does not hurry afterwards.
func (s *Scheduler) takeLine(ctx context.Context) {
	for s.line.len() > 0 && (s.lineDue <= s.wall || s.onePass) {
		if !s.room() || s.ready.len() > 0 || s.outbox.full() {
			s.limit.wanted = s.limit.wanted || !s.limit.room()
			s.lineDue = max(s.lineDue, s.wall)
			return
		}
		if until := s.lineYields(); until > s.wall && !s.onePass {
			s.lineDue = until
			return
		}
		if s.wall-s.lineDue > int64(lineLate) || s.onePass {
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

// lineYields is until when the line waits, because checks start late or answers are read late.
func (s *Scheduler) lineYields() int64 {
	if s.limit.lagging {
		return s.wall + int64(lineRests)
	}
	return s.lateUntil.Load()
}

// start begins a check that was due at a time, and plans the next.
func (s *Scheduler) start(ctx context.Context, t *task, due int64) {
	first := t.lined
	t.running, t.lined, t.last = true, false, due
	t.checks++
	switch {
	case t.checks == s.count:
		s.unmade--
		s.timeline.drop(t) // the end of its wait
	case first: // a slot soon after the first check is left out
		s.timeline.plan(t, t.rhythm.from(due+t.rhythm.interval/2))
	default:
		s.timeline.planNext(t, t.rhythm.after(due))
	}
	s.give(ctx, job{t, t.Entry, due, s.limit.began()})
}
