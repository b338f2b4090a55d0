package stdout

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/uptimer/uptimer/events"
)

// output hands bytes to a writer that may block for ever. Its methods may not be called concurrently.
type output struct {
	to      io.Writer
	rest    []byte     // what was not taken yet; not to be changed while a write is under way
	pending chan taken // the answer of the write that is under way; nil if there is none
}

// taken is what became of a write.
type taken struct {
	bytes int
	err   error
}

// flush writes the rest. When it fails, or ctx ends, the next flush goes on where the output stopped.
func (o *output) flush(ctx context.Context) error {
	for len(o.rest) > 0 {
		if o.pending == nil && ctx.Err() == nil {
			o.pending = make(chan taken, 1) // so that the goroutine ends even if nobody waits for it
			go write(o.to, o.rest, o.pending)
		}
		if err := o.wait(ctx); err != nil {
			return err
		}
	}
	return nil
}

// wait waits for the write that is under way, if there is one.
func (o *output) wait(ctx context.Context) error {
	select {
	case t := <-o.pending:
		return o.took(t)
	case <-ctx.Done():
	}
	select {
	case t := <-o.pending: // it ended at the same time
		return o.took(t)
	default:
		return fmt.Errorf("writing to stdout: %d bytes were not taken: %w", len(o.rest), context.Cause(ctx))
	}
}

// took takes note of a write that has ended.
func (o *output) took(t taken) error {
	o.pending = nil
	o.rest = o.rest[t.bytes:]
	switch {
	case t.err == nil:
		return nil
	case errors.Is(t.err, io.ErrClosedPipe), errors.Is(t.err, os.ErrClosed), nobodyReads(t.err):
		// The cause is told, not wrapped: the pipe that broke is the closed destination, and no further fault.
		return fmt.Errorf("writing to stdout: %w (%v)", events.ErrWriterGone, t.err) //nolint:errorlint // as said above
	default:
		return fmt.Errorf("writing to stdout: %w", t.err)
	}
}

// write is one call to the writer.
func write(to io.Writer, bytes []byte, answer chan<- taken) {
	n, err := to.Write(bytes)
	if err == nil && n < len(bytes) {
		err = io.ErrShortWrite
	}
	answer <- taken{n, err}
}

// close flushes the rest, if there is somebody to take it.
func (o *output) close(ctx context.Context) error {
	err := o.flush(ctx)
	if errors.Is(err, events.ErrWriterGone) {
		return nil // Write has said so
	}
	return err
}
