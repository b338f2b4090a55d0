package probes

import (
	"context"
	"errors"
	"time"
)

// finish is a check that has ended.
type finish struct {
	task *task
	look int
}

// check makes one check.
func (s *Scheduler) check(ctx context.Context, w *worker, j job) {
	backlog.Add(-1)
	defer s.ended(w, j)
	s.began(j.due)
	began := time.Now()
	own := newCheckContext(ctx, j.entry.Target.Timeout)
	w.check.Store(own)
	defer own.end(context.Canceled)
	if err := ctx.Err(); err != nil {
		own.end(err)
	}
	result, err := Guarded(own, s.pulse, began, j.entry.Check)
	switch {
	case err == nil:
		s.report(j.entry, j.due, result)
	case errors.Is(err, context.Canceled): // our own shutdown: nothing to say
	default:
		s.fault(j.entry, err)
	}
}

// began notes how late the check is, for others and for the line.
func (s *Scheduler) began(due int64) {
	wall, _ := s.clock()
	late := time.Duration(max(wall-due, 0))
	s.observer.Started(late)
	if late > lineLate {
		s.lateUntil.Store(wall + int64(lineRests))
	}
}

// ended gives the task back to the loop, and lets the worker rest.
func (s *Scheduler) ended(w *worker, j job) {
	s.mu.Lock()
	s.finished = append(s.finished, finish{j.task, j.look})
	s.crew.resting = append(s.crew.resting, w)
	s.mu.Unlock()
	s.notify()
}

// report makes the event of a result and puts it into the outbox.
func (s *Scheduler) report(e Entry, due int64, r Result) {
	event, err := NewEvent(s.catalog, s.where, *e.Target, time.Unix(0, due), r)
	if err != nil {
		s.fault(e, &OwnFault{Cause: CauseInternal, Err: err})
		return
	}
	s.observer.Checked(e.Target.Scheme(), string(r.Reason), r.Took)
	s.outbox.add(event)
}

// fault counts a check that gave no event, and says so.
func (s *Scheduler) fault(e Entry, err error) {
	cause := CauseInternal
	var own *OwnFault
	if errors.As(err, &own) {
		cause = own.Cause
	}
	if cause == CauseDescriptors || cause == CauseBuffers {
		s.short.Store(true)
	}
	s.observer.OwnFault(string(cause))
	s.faults.happened(cause, e.Target.Shown(), err)
}
