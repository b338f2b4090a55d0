package probes

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// change is a new list beside the one in force. It is worked out by the caller of Replace, so that probing does not
// wait for it: the loop looks only at targets that are not as before.
type change struct {
	tasks   []*task       // the new list, in its order
	added   []int         // into tasks
	edited  []editedEntry // targets that were there and are to be checked in another way
	removed []*task
	more    bool          // another change follows at once
	inForce chan struct{} // closed then
}

type editedEntry struct {
	task   *task
	entry  Entry
	rhythm rhythm
}

// Replace gives the scheduler a new list, while Read runs; it returns when the list is in force, or when ctx has ended.
// Targets that are the same as before keep their rhythm, new ones do not wait for a slot, and those that are gone
// are not checked any more. The ids of a list are unique; it is copied. Not to be called concurrently.
func (s *Scheduler) Replace(ctx context.Context, list []Entry) { s.send(ctx, s.compare(list)) }

// beginAtOnce is how many targets of the first list are put in force together.
const beginAtOnce = 1 << 15

// Begin is Replace for the first list, some targets after the others: those that are there are checked already while a
// million others are not yet. The targets are used as they are, because to copy them would take a fifth more memory for a
// while: nobody may change them any more.
func (s *Scheduler) Begin(ctx context.Context, list []Entry) {
	if s.count > 0 { // the end of the first part would be taken for that of all
		s.Replace(ctx, list)
		return
	}
	tasks := make([]*task, 0, len(list))
	for {
		some := list[len(tasks):min(len(tasks)+beginAtOnce, len(list))]
		c := &change{added: make([]int, len(some)), inForce: make(chan struct{})}
		for i := range some {
			c.added[i] = len(tasks)
			tasks = append(tasks, s.newTask(some[i]))
		}
		c.tasks, c.more = tasks, len(tasks) < len(list)
		s.send(ctx, c)
		if !c.more || ctx.Err() != nil {
			return
		}
	}
}

func (s *Scheduler) send(ctx context.Context, c *change) {
	select {
	case s.changes <- c:
		<-c.inForce
	case <-ctx.Done():
	}
}

// compare works out what is to be changed. Until that is in force, what it reads of tasks stays.
func (s *Scheduler) compare(list []Entry) *change {
	c := &change{tasks: make([]*task, 0, len(list)), inForce: make(chan struct{})}
	before := make(map[uuid.UUID]*task, len(s.tasks))
	for _, t := range s.tasks {
		before[t.Target.ID] = t
	}
	for i := range list {
		e := &list[i]
		t := before[e.Target.ID]
		if t == nil {
			c.added = append(c.added, len(c.tasks))
			t = s.newTask(e.own())
		} else {
			s.compareOne(c, t, e)
		}
		delete(before, e.Target.ID)
		c.tasks = append(c.tasks, t)
	}
	for _, t := range before {
		c.removed = append(c.removed, t)
	}
	return c
}

// compareOne notes what is to be changed of a target that was on the list before.
func (s *Scheduler) compareOne(c *change, t *task, e *Entry) {
	if t.Target.SameCheck(*e.Target) {
		closeCheck(e.Check)
		return
	}
	c.edited = append(c.edited, editedEntry{t, e.own(), s.rhythmOf(e)})
}

func (s *Scheduler) newTask(e Entry) *task {
	return &task{Entry: e, rhythm: s.rhythmOf(&e), due: unplanned}
}

func (s *Scheduler) rhythmOf(e *Entry) rhythm {
	return newRhythm(max(e.Target.Interval, time.Millisecond), e.Target.ID, s.where.Location)
}

// apply puts a new list in force.
func (s *Scheduler) apply(c *change) {
	defer close(c.inForce)
	s.listed = true
	s.tasks = c.tasks
	for _, t := range c.removed {
		s.remove(t)
	}
	s.timeline.reserve(len(c.added))
	s.line.reserve(len(c.added))
	for _, i := range c.added {
		c.tasks[i] = s.add(c.tasks[i])
	}
	for i := range c.edited {
		s.edit(&c.edited[i])
	}
	if !c.more {
		s.line.keep(func(t *task) bool { return t.lined })
	}
	s.observer.Targets(len(c.tasks))
}

// add takes a new task in, and returns it or the one that it is.
func (s *Scheduler) add(t *task) *task {
	s.unmade++
	if old := s.leaving[t.Target.ID]; old != nil { // back while its last check runs: never two at once
		delete(s.leaving, t.Target.ID)
		old.removed, old.checks = false, 0
		old.replace(t.Entry, t.rhythm)
		s.join(old)
		return old
	}
	t.last = s.wall - 1
	s.join(t)
	return t
}

// edit gives a task what the list says now.
func (s *Scheduler) edit(e *editedEntry) {
	t := e.task
	t.replace(e.entry, e.rhythm)
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
