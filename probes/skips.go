package probes

import (
	"log/slog"
	"time"

	"github.com/uptimer/uptimer/internal/lasting"
)

// skipsEnd is how long no slot must have been skipped for the log to say that it is over.
const skipsEnd = 10 * time.Second

// skips says in the log that slots are skipped because this process cannot keep up. It belongs to the scheduler's
// loop.
type skips struct {
	behind, concurrency skipFault
}

type skipFault struct {
	lasting.Fault
	slots int // left out since the start
	told  int // of these
}

func newSkips(log *slog.Logger) skips {
	fault := func(began, ended string) skipFault {
		return skipFault{Fault: lasting.Fault{Log: log, Level: slog.LevelWarn, Began: began, Ended: ended}}
	}
	return skips{
		behind:      fault("this machine cannot keep up: targets are checked less often, and the slots that are left out are counted", "this machine keeps up again"),
		concurrency: fault("as many checks are in flight as may be: slots are skipped", "there is room for all checks again"),
	}
}

// skipped counts slots that are left out.
func (s *Scheduler) skipped(cause string, slots int) {
	s.observer.Skipped(cause, slots)
	switch cause {
	case skipBehind:
		s.skips.behind.slots += slots
	case skipConcurrency:
		s.skips.concurrency.slots += slots
	}
}

// tell says what has happened since the last time.
func (s *skips) tell(inFlight int) {
	for _, f := range []*skipFault{&s.behind, &s.concurrency} {
		if f.slots > f.told {
			f.told = f.slots
			f.Happened("slots", f.slots, "in_flight", inFlight)
		} else {
			f.Quiet(skipsEnd)
		}
	}
}
