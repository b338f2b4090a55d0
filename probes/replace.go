package probes

import (
	"time"

	"github.com/google/uuid"
)

// replace puts a new list in force.
func (s *Scheduler) replace(list []Entry) {
	s.listed = true
	fresh := make(map[uuid.UUID]*task, len(list))
	for _, e := range list {
		fresh[e.Target.ID] = s.taskFor(e)
	}
	for id, t := range s.tasks {
		if fresh[id] == nil {
			s.remove(t)
		}
	}
	s.tasks = fresh
	s.line.keep(func(t *task) bool { return t.lined })
	s.observer.Targets(len(fresh))
}

// taskFor finds or makes the task of an entry.
func (s *Scheduler) taskFor(e Entry) *task {
	r := newRhythm(max(e.Target.Interval, time.Millisecond), e.Target.ID, s.where.Location)
	if t := s.tasks[e.Target.ID]; t != nil {
		s.keep(t, e, r)
		return t
	}
	if t := s.leaving[e.Target.ID]; t != nil { // back while its last check runs: never two at once
		delete(s.leaving, e.Target.ID)
		t.removed, t.checks = false, 0
		s.unmade++
		t.replace(e, r)
		s.join(t)
		return t
	}
	t := &task{Entry: e, rhythm: r, due: unplanned, last: s.wall - 1}
	s.unmade++
	s.join(t)
	return t
}

// keep leaves a task alone that did not change, and gives another what the list says now.
func (s *Scheduler) keep(t *task, e Entry, r rhythm) {
	if t.Target.SameCheck(e.Target) {
		closeCheck(e.Check)
		return
	}
	t.replace(e, r)
	s.ready.remove(t) // it waited for a slot of another rhythm
	s.timeline.drop(t)
	if s.count == 0 || t.checks < s.count {
		s.join(t)
	}
}

// join puts a task at the end of the line, so that it does not wait for its slot; if the slot comes first, it is
// checked then.
func (s *Scheduler) join(t *task) {
	if s.line.len() == 0 {
		s.lineDue = s.wall
	}
	if !t.lined {
		t.lined = true
		s.line.push(t)
	}
	if !s.onePass {
		s.timeline.plan(t, t.rhythm.after(max(s.wall-1, t.last)))
	}
}

// remove takes a task out of everything; a check that runs ends as it would.
func (s *Scheduler) remove(t *task) {
	t.removed, t.lined, t.parked = true, false, false
	s.ready.remove(t)
	s.timeline.drop(t)
	if s.count > 0 && t.checks < s.count {
		s.unmade--
	}
	if t.running {
		s.leaving[t.Target.ID] = t
	} else {
		t.closeRetired()
	}
}
