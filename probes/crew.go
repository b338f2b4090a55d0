package probes

import (
	"context"
	"sync/atomic"
	"time"
)

const (
	// crewLooks is how often the workers that nobody needed meanwhile are counted, and half of them end.
	crewLooks = 10 * time.Second
	// crewRests is how many may rest for good.
	crewRests = 256
)

// job is one check to be made. The entry is a copy: the loop may replace the task's meanwhile.
type job struct {
	task  *task
	entry Entry
	due   int64
	look  int // of the limit, when it began
}

// worker makes one check after the other.
type worker struct {
	jobs  chan job                     // holds one
	check atomic.Pointer[checkContext] // that of its check
}

// crew is all workers. It belongs to the loop, but for resting and needless.
type crew struct {
	all      map[*worker]struct{}
	looked   time.Duration
	resting  []*worker // those without a check; guarded by the scheduler's mu
	needless int       // so many of them rested all the time since the last look; guarded likewise
}

// give lets a worker that rests make a check, or a new one. The one that came to rest last is first: its stack is still
// in the processor's cache.
func (s *Scheduler) give(ctx context.Context, j job) {
	s.mu.Lock()
	var w *worker
	if last := len(s.crew.resting) - 1; last >= 0 {
		w = s.crew.resting[last]
		s.crew.resting = s.crew.resting[:last]
		s.crew.needless = min(s.crew.needless, last)
	}
	s.mu.Unlock()
	if w == nil {
		w = &worker{jobs: make(chan job, 1)}
		s.crew.all[w] = struct{}{}
		s.workers.Go(func() { s.work(ctx, w) })
	}
	backlog.Add(1)
	w.jobs <- j
}

// work makes one check after the other. A worker stays because its stack has grown: to grow a new one for each check
// took a sixth of the whole CPU time.
func (s *Scheduler) work(ctx context.Context, w *worker) {
	for j := range w.jobs {
		s.check(ctx, w, j)
	}
}

// trim ends half of the workers that nobody needed since the last look. Thousands of targets that hang for an hour would
// else leave as many stacks for good.
func (s *Scheduler) trim() {
	if s.mono-s.crew.looked < crewLooks {
		return
	}
	s.crew.looked = s.mono
	s.mu.Lock()
	gone := max(min(s.crew.needless, len(s.crew.resting)-crewRests)+1, 0) / 2
	dismissed := s.crew.resting[:gone]
	s.crew.resting = append([]*worker(nil), s.crew.resting[gone:]...)
	s.crew.needless = len(s.crew.resting)
	s.mu.Unlock()
	for _, w := range dismissed {
		delete(s.crew.all, w)
		close(w.jobs)
	}
}

// dismiss ends the workers, who all rest.
func (s *Scheduler) dismiss() {
	for w := range s.crew.all {
		close(w.jobs)
	}
}

// cancel ends the checks in flight, when ctx has ended. One that begins at the same moment looks for itself.
func (s *Scheduler) cancel(ctx context.Context) {
	for w := range s.crew.all {
		if c := w.check.Load(); c != nil {
			c.end(ctx.Err())
		}
	}
}
