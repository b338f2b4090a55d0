// Package pipeline moves events from Readers to Writers and loses none. It is the one place where batches are joined
// and split, where events go to several destinations, where a write is tried again, where rejections find their way
// back, and where a process that ends writes what it has in hand.
package pipeline

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/uptimer/uptimer/events"
)

// Sink is one destination. Its writers divide the events among themselves: with as many writers as there are readers,
// and more than one reader, each reader has its own; else the event's key chooses, so that the events of one target
// go the same way and keep their order.
type Sink struct {
	// Name is the name of its writers, for the log and for errors.
	Name string
	// Writers are at least one.
	Writers []events.Writer
	// Observer is told what happens to all of them. It may be nil.
	Observer Observer
}

// Config is how Run goes about it.
type Config struct {
	// Grace is how long what is in hand is still written after ctx was cancelled. Zero or less: not at all.
	Grace time.Duration
	// Log takes what must be said while events move. It must be there.
	Log *slog.Logger
}

// Observer counts what the writers of a sink do. Its methods are called between two Writes of a writer, so they should
// return soon; several writers call them at the same time.
type Observer interface {
	// Written is one Write that succeeded: how many events it stored (without those that it rejected) and how
	// long it took, earlier tries not included.
	Written(events int, took time.Duration)
	// Rejected is how many events of one Write can never be stored; it is not called for none.
	Rejected(events int)
	// Retried is one more try of a page that could not be written.
	Retried()
}

// GivenUp is the error of a pipeline that was told to end and could not write everything in time. Run returns
// a *GivenUp, alone or joined with others: errors.As finds it.
type GivenUp struct {
	// Events were emitted, and at least one sink had neither stored nor rejected them when the grace ended, or they
	// came after it. Some of them may be stored nevertheless: a Write that was cut short does not say how far it
	// came. Those that their source had taken back before, because the ctx of its emit had ended, are not among them.
	Events int
}

// Error says how many.
func (g *GivenUp) Error() string {
	if g.Events == 1 {
		return "1 event could not be written before the grace ended and was given up"
	}
	return fmt.Sprintf("%d events could not be written before the grace ended and were given up", g.Events)
}
