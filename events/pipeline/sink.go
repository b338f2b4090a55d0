package pipeline

import (
	"errors"
	"fmt"
	"log/slog"

	"github.com/uptimer/uptimer/internal/lasting"
)

// sink is a Sink that is being written to.
type sink struct {
	Sink
	outlets []*outlet // one for each writer
	gone    bool      // it has left; the supervisor's
}

// openSink makes a queue and an outlet for each writer. Where a writer does not say its limits, its outlet has no
// queue: it is there to be closed.
func openSink(s Sink, log *slog.Logger) (*sink, error) {
	opened := &sink{Sink: s}
	if opened.Observer == nil {
		opened.Observer = nobody{}
	}
	log = log.With("writer", s.Name)
	var failed error
	for i, log := range lasting.Together(log, len(s.Writers)) {
		o := newOutlet(opened, s.Writers[i], &guard{log: log, who: opened.nameOf(i)})
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
