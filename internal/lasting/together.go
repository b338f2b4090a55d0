package lasting

import (
	"fmt"
	"log/slog"
	"sync"
)

// Together makes the loggers of n workers that do the same work. Each names itself in its lines, but a Fault that
// several of them meet at a time is one: it begins with the first and ends with the last, and its lines name none.
func Together(log *slog.Logger, n int) []*slog.Logger {
	logs := []*slog.Logger{log}
	if n > 1 {
		logs = nil
		c := &courses{all: map[string]*course{}}
		for i := range n {
			logs = append(logs, slog.New(&member{log.With("worker", i+1).Handler(), log.Handler(), c, ""}))
		}
	}
	return logs
}

// courses are those of all workers, by what makes faults the same: what is said, and of what.
type courses struct {
	mu  sync.Mutex
	all map[string]*course
}

// member is the handler of one worker's log.
type member struct {
	slog.Handler              // its own
	common       slog.Handler // that of what all meet
	courses      *courses
	of           string // what all its lines name
}

// WithAttrs is what slog.Handler says.
func (m *member) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &member{m.Handler.WithAttrs(attrs), m.common.WithAttrs(attrs), m.courses, m.of + fmt.Sprint(attrs)}
}

// WithGroup is what slog.Handler says.
func (m *member) WithGroup(name string) slog.Handler {
	return &member{m.Handler.WithGroup(name), m.common.WithGroup(name), m.courses, m.of + name + "."}
}

// courseOf is the course of a fault: its own, or that of all workers.
func courseOf(f *Fault) *course {
	m, ok := f.Log.Handler().(*member)
	if !ok {
		return &course{log: f.Log}
	}
	m.courses.mu.Lock()
	defer m.courses.mu.Unlock()
	key := f.Began + m.of
	if m.courses.all[key] == nil {
		m.courses.all[key] = &course{log: slog.New(m.common)}
	}
	return m.courses.all[key]
}
