package probes

import "time"

// Observer is told what the scheduler does, to count it. Its methods are called from many goroutines.
type Observer interface {
	// Started is a check that began, and how long after it was due.
	Started(late time.Duration)
	// Checked is a check that gave an event. Reason is the event's.
	Checked(protocol, reason string, took time.Duration)
	// OwnFault is a check that gave none, because of the cause.
	OwnFault(cause string)
	// Skipped are slots that passed without a check: overrun, writer, concurrency, behind or clock.
	Skipped(cause string, slots int)
	// InFlight is how many checks run now.
	InFlight(n int)
	// Targets is how many targets there are now.
	Targets(n int)
}

// Why a slot was skipped.
const (
	skipOverrun     = "overrun"     // the target's last check still ran
	skipWriter      = "writer"      // the writer could not take more
	skipConcurrency = "concurrency" // too many checks were in flight
	skipBehind      = "behind"      // this process did not get to it in time
	skipClock       = "clock"       // the clock was stepped over it
)
