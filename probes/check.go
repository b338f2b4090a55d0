package probes

import (
	"context"
	"errors"
	"time"
)

// job is one check to be made. The entry is a copy: the loop may replace the task's meanwhile.
type job struct {
	task  *task
	entry Entry
	due   int64
}

// give lets a worker that rests make a check, or a new one. So there are as many workers as checks were in flight at
// once.
func (s *Scheduler) give(ctx context.Context, j job) {
	select {
	case s.jobs <- j:
	default:
		s.workers.Go(func() { s.work(ctx, j) })
	}
}

// work makes one check after the other. A worker stays because its stack has grown: to grow a new one for each check
// took a sixth of the whole CPU time.
func (s *Scheduler) work(ctx context.Context, j job) {
	for more := true; more; j, more = <-s.jobs {
		s.check(ctx, j.task, j.entry, j.due)
	}
}

// check makes one check.
func (s *Scheduler) check(ctx context.Context, t *task, e Entry, due int64) {
	defer s.ended(t)
	s.began(due)
	ctx, cancel := context.WithTimeout(ctx, e.Target.Timeout)
	defer cancel()
	result, err := Guarded(ctx, s.pulse, e.Check)
	switch {
	case err == nil:
		s.report(e, due, result)
	case errors.Is(err, context.Canceled): // our own shutdown: nothing to say
	default:
		s.fault(e, err)
	}
}

// began notes how late the check is, for others and for the line.
func (s *Scheduler) began(due int64) {
	wall, _ := s.clock()
	late := time.Duration(max(wall-due, 0))
	s.observer.Started(late)
	if late > lineYields {
		s.lateUntil.Store(wall + int64(lineRests))
	}
}

// ended gives the task back to the loop.
func (s *Scheduler) ended(t *task) {
	s.mu.Lock()
	s.finished = append(s.finished, t)
	s.mu.Unlock()
	s.notify()
}

// report makes the event of a result and puts it into the outbox.
func (s *Scheduler) report(e Entry, due int64, r Result) {
	event, err := NewEvent(s.catalog, s.where, e.Target, time.Unix(0, due), r)
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
	s.observer.OwnFault(string(cause))
	s.faults.happened(cause, e.Target.Shown(), err)
}
