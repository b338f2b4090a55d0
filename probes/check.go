package probes

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// job is one check to be made. The entry is a copy: the loop may replace the task's meanwhile.
type job struct {
	task  *task
	entry Entry
	due   int64
	look  int // of the limit, when it began
}

// finish is a check that has ended.
type finish struct {
	task *task
	look int
}

// worker makes one check after the other.
type worker struct {
	jobs  chan job                     // holds one
	check atomic.Pointer[checkContext] // that of its check
}

// give lets a worker that rests make a check, or a new one. So there are as many workers as checks were in flight at
// once. The one that came to rest last is first: its stack is still in the processor's cache.
func (s *Scheduler) give(ctx context.Context, j job) {
	s.mu.Lock()
	var w *worker
	if last := len(s.resting) - 1; last >= 0 {
		w = s.resting[last]
		s.resting = s.resting[:last]
	}
	s.mu.Unlock()
	if w == nil {
		w = &worker{jobs: make(chan job, 1)}
		s.crew = append(s.crew, w)
		s.workers.Go(func() { s.work(ctx, w) })
	}
	w.jobs <- j
}

// work makes one check after the other. A worker stays because its stack has grown: to grow a new one for each check
// took a sixth of the whole CPU time.
func (s *Scheduler) work(ctx context.Context, w *worker) {
	for j := range w.jobs {
		s.check(ctx, w, j)
	}
}

// dismiss ends the workers, who all rest.
func (s *Scheduler) dismiss() {
	for _, w := range s.crew {
		close(w.jobs)
	}
}

// cancel ends the checks in flight, when ctx has ended. One that begins at the same moment looks for itself.
func (s *Scheduler) cancel(ctx context.Context) {
	for _, w := range s.crew {
		if c := w.check.Load(); c != nil {
			c.end(ctx.Err())
		}
	}
}

// check makes one check.
func (s *Scheduler) check(ctx context.Context, w *worker, j job) {
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
	s.resting = append(s.resting, w)
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
	if cause == CauseDescriptors || cause == CauseBuffers {
		s.short.Store(true)
	}
	s.observer.OwnFault(string(cause))
	s.faults.happened(cause, e.Target.Shown(), err)
}
