package pipeline

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/uptimer/uptimer/internal/lasting"
)

// sink is a Sink that is being written to.
type sink struct {
	Sink
	outlets []*outlet // one for each writer
	failing trouble
	gone    bool // it has left; the supervisor's
}

// openSink makes a queue and an outlet for each writer. Where a writer does not say its limits, its outlet has no
// queue: it is there to be closed.
func openSink(s Sink, log *slog.Logger) (*sink, error) {
	opened := &sink{Sink: s}
	if opened.Observer == nil {
		opened.Observer = nobody{}
	}
	log = log.With("writer", s.Name)
	opened.failing.fault = lasting.Fault{
		Log: log, Level: slog.LevelError,
		Began: "events could not be written; they are kept and written again",
		Ended: "events are written again",
	}
	var failed error
	for i, w := range s.Writers {
		o := newOutlet(opened, w, &guard{log: log, who: opened.nameOf(i)})
		opened.outlets = append(opened.outlets, o)
		failed = errors.Join(failed, o.open())
	}
	return opened, failed
}

// who is the sink in an error.
func (s *sink) who() string { return fmt.Sprintf("writer %q", s.Name) }

// nameOf is one of its writers in an error.
func (s *sink) nameOf(i int) string {
	if len(s.Writers) == 1 {
		return s.who()
	}
	return fmt.Sprintf("%s (%d of %d)", s.who(), i+1, len(s.Writers))
}

// route is where the events of one of the readers go.
func (s *sink) route(reader, readers int) (r route) {
	if readers > 1 && readers == len(s.outlets) {
		return route{s.outlets[reader].queue}
	}
	for _, o := range s.outlets {
		r = append(r, o.queue)
	}
	return r
}

// end ends all its queues.
func (s *sink) end(err error) {
	for _, o := range s.outlets {
		o.queue.end(err)
	}
}

// trouble is a fault of a destination: it lasts as long as one of the writers meets it, and is said once for all.
type trouble struct {
	fault lasting.Fault
	mu    sync.Mutex
	met   int // by so many writers
}

// happened takes note that a writer meets the fault; met is that writer's own.
func (t *trouble) happened(met *bool, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !*met {
		*met = true
		t.met++
	}
	t.fault.Happened(args...)
}

// over takes note that a writer does not meet it any more.
func (t *trouble) over(met *bool) {
	if !*met {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	*met = false
	if t.met--; t.met == 0 {
		t.fault.Over()
	}
}
