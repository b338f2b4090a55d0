package pipeline

import (
	"fmt"
	"log/slog"
	"runtime/debug"
)

// guard runs the code of plugins: a panic there must not cost the events in hand. It becomes an error, and its
// stack is said in the log, once for each guard. It cannot catch what panics in a goroutine that a plugin started.
type guard struct {
	log  *slog.Logger
	who  string // such as writer "postgres"
	said bool
}

// run calls f and returns its error, or its panic as one.
func (g *guard) run(f func() error) (err error) {
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		err = fmt.Errorf("%s panicked: %v", g.who, r)
		if !g.said {
			g.said = true
			g.log.Error("a plugin panicked: a defect of the program", "plugin", g.who, "panic", r, "stack", string(debug.Stack()))
		}
	}()
	return f()
}
