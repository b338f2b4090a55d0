package events

import (
	"context"
	"errors"
	"time"
)

// Rejection is one event of a batch that can never be stored, by its position in the batch, and why.
type Rejection struct {
	Index  int
	Reason error
}

// Emit hands a batch downstream and returns once every event in it is safe or rejected. The return is the
// acknowledgement; there is no other. The reader answers for what was rejected (a dead letter; or a log line and
// a counter) before it acknowledges to its source.
//
// An error means that the batch may be partly stored: do not acknowledge, the source will deliver again. When ctx
// ends, so does the wait; a source that cannot deliver again (a probe) passes a context that lives until the end
// of the grace. An error that Is ErrWriterGone says that nothing will ever be stored again: stop reading.
//
// The batch is the callee's until Emit returns; the caller must not change it before. May be called from many
// goroutines.
//
// An empty batch says that nothing more will come before some of what was emitted is safe, because the source has no
// room: what waits for company is written without it. That returns at once.
type Emit func(ctx context.Context, batch []Event) (rejected []Rejection, err error)

// OnQueued makes a context for Emit that tells when the batch has its place in the order of events: queued is called
// once it has, at the latest when Emit returns, and perhaps more than once. So a source can have several batches
// under way and keep their order: it emits the next one when the last is queued.
func OnQueued(ctx context.Context, queued func()) context.Context {
	return context.WithValue(ctx, queuedKey{}, queued)
}

type queuedKey struct{}

// Queued is for whoever implements Emit: it says that the batch that was emitted with ctx has its place.
func Queued(ctx context.Context) {
	if queued, ok := ctx.Value(queuedKey{}).(func()); ok {
		queued()
	}
}

// Reader is a source of events.
type Reader interface {
	// Read emits events until its source is exhausted or ctx is cancelled. It owns its connections: all of them,
	// and all goroutines that it started, are gone when Read returns. A cancelled ctx is not an error.
	Read(ctx context.Context, emit Emit) error
}

// Writer stores events.
type Writer interface {
	// Write returns once every event of the batch is durable or rejected. Storing an event twice must have the
	// effect of storing it once. An error says that the batch may be partly stored and is worth another try,
	// unless it Is ErrWriterGone or ErrRefused. Write is never called concurrently, so locking is not necessary;
	// inside, it may work in parallel. The batch may be used after Write has returned only as far as events are
	// concerned: the slice itself is reused.
	Write(ctx context.Context, batch []Event) (rejected []Rejection, err error)
	// Limits says how large a batch may grow and how long an event may wait for company. It is asked once. A
	// single event that is larger than bytes is written alone.
	Limits() (events, bytes int, age time.Duration)
	// Close is called once, after the last Write has returned.
	Close(ctx context.Context) error
}

// Starter is a Writer that looks at its destination before anything is written, so that a destination which refuses
// us for good is found at the start and not when the first event comes.
type Starter interface {
	// Start is called once, before the first Write, while events may wait already. It returns nil when the
	// destination is ready. As long as it cannot be reached, Start says so in the log and waits. An error says that
	// it refuses us for good: the pipeline ends with it, and nothing is written. The end of ctx ends Start.
	Start(ctx context.Context) error
}

// Looker is a Reader or a Writer that can be asked whether what is behind it can be reached, so that this is known
// also while there is nothing to read or to write.
type Looker interface {
	// Look asks once, on a connection of its own. It may be called from any goroutine, also before the first Read or
	// Start and while these are under way, but not at the same time as Close. An error says what cannot be reached, or
	// why it refuses us. Look returns soon after ctx ends.
	Look(ctx context.Context) error
}

// Redeliverer is a Reader whose source delivers again what emit has not taken: nothing that it emits is lost when
// the grace ends.
type Redeliverer interface {
	// Redelivers tells whether it is so.
	Redelivers() bool
}

// ErrRefused is in the error of a Write whose destination refuses us for good (no permission, say), and has never
// let us in: the pipeline ends with that error, as after a Start that failed. Once a Start was good, or something was
// stored, a refusal is an error as any other: somebody may mend it.
var ErrRefused = errors.New("refused for good")

// ErrWriterGone is in the error of a writer whose destination is closed for good and has nobody behind it any
// more, such as the pipe to a program that ended. It is no failure: what was written has been taken.
var ErrWriterGone = errors.New("the destination was closed")
