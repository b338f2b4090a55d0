package probes

import (
	"log/slog"
	"sync"
	"time"

	"github.com/uptimer/uptimer/internal/lasting"
)

// faultEnds is how long an own fault must not have happened to be over.
const faultEnds = time.Minute

// faults says in the log what keeps checks from being made, a lasting fault for each cause.
type faults struct {
	log *slog.Logger
	mu  sync.Mutex
	all map[Cause]*lasting.Fault
}

func (f *faults) happened(cause Cause, target string, err error) {
	f.mu.Lock()
	fault := f.all[cause]
	if fault == nil {
		fault = &lasting.Fault{
			Log: f.log.With("cause", string(cause)), Level: slog.LevelError,
			Began: "checks cannot be made: this is our own fault, not an outage", Ended: "checks can be made again",
		}
		f.all[cause] = fault
	}
	f.mu.Unlock()
	fault.Happened("target", target, "error", err)
}

// quiet ends the faults that did not happen for a while.
func (f *faults) quiet() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, fault := range f.all {
		fault.Quiet(faultEnds)
	}
}
