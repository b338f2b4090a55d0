package probes

import (
	"context"

	"github.com/google/uuid"
)

// Update is Replace by what is different: targets that are gone are taken off the list, those that are new or changed are
// put on it, and all others stay. An id that is gone may not have been there; none is in put, too.
func (s *Scheduler) Update(ctx context.Context, put []Entry, gone []uuid.UUID) {
	s.send(ctx, s.difference(put, gone))
}

// difference works out what is to be changed, as compare does.
func (s *Scheduler) difference(put []Entry, gone []uuid.UUID) *change {
	c := &change{tasks: make([]*task, 0, len(s.tasks)+len(put)), inForce: make(chan struct{})}
	off := make(map[uuid.UUID]struct{}, len(gone))
	for _, id := range gone {
		off[id] = struct{}{}
	}
	on := make(map[uuid.UUID]int, len(put))
	for i := range put {
		on[put[i].Target.ID] = i
	}
	for _, t := range s.tasks {
		if _, is := off[t.Target.ID]; is {
			c.removed = append(c.removed, t)
			continue
		}
		if i, is := on[t.Target.ID]; is {
			s.compareOne(c, t, &put[i])
			delete(on, t.Target.ID)
		}
		c.tasks = append(c.tasks, t)
	}
	for i := range put {
		if _, new := on[put[i].Target.ID]; new {
			c.added = append(c.added, len(c.tasks))
			c.tasks = append(c.tasks, s.newTask(put[i].own()))
		}
	}
	return c
}
