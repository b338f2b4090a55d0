// Package stdout writes events to standard output: JSON for programs, or text for people.
package stdout

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/events/plugin"
	"github.com/uptimer/uptimer/internal/setting"
)

// Plugin is the writer to standard output.
var Plugin = plugin.Define("stdout", "prints events to standard output, as JSON or for people",
	func(c Config, host plugin.Host) (events.Writer, error) { return New(c, host) })

// Config is what the environment says about the output.
type Config struct {
	Format string `envconfig:"STDOUT_FORMAT" default:"json" desc:"json (a line an event), pretty (indented, sorted keys) or text (a line for people)"`
}

// Validate returns setting.Mistakes, or nil.
func (c Config) Validate() error {
	var ms setting.Mistakes
	if err := setting.OneOf(c.Format, "json", "pretty", "text"); err != nil {
		ms.Add("STDOUT_FORMAT", c.Format, err)
	}
	return ms.Err()
}

// What a page holds at most, and how long an event waits for company: so long that a busy prober makes few calls,
// so short that nobody who watches notices.
const (
	maxEvents = 5000
	maxBytes  = 1 << 20
	maxAge    = 250 * time.Millisecond
)

// keptBuffer is how much memory is kept from one page to the next.
const keptBuffer = 4 * maxBytes

// Writer prints events to host.Stdout.
//
// A Write that failed may be repeated: it goes on exactly where the output stopped, so no event is printed twice
// and no line is torn. The output may block without an end, because whoever should read it has stopped, and a
// blocked write to a pipe cannot be called back. So the bytes are handed to a goroutine; a Write whose context
// ends leaves it to them, and the next one waits for the same bytes. Only if Close too must give up does that
// goroutine stay, until the bytes are taken or the process ends.
type Writer struct {
	out    output
	format format
	buffer []byte                 // of the page that out has; reused
	handed map[uuid.UUID]struct{} // events that were handed to out by a Write that failed
}

// New makes the writer. Its error is setting.Mistakes.
func New(c Config, host plugin.Host) (*Writer, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return &Writer{
		out:    output{to: host.Stdout},
		format: formats[c.Format](),
		handed: map[uuid.UUID]struct{}{},
	}, nil
}

// Write prints the batch and returns once all of it was taken by the operating system. It rejects nothing. An
// error that Is events.ErrWriterGone says that nobody reads any more.
func (w *Writer) Write(ctx context.Context, batch []events.Event) ([]events.Rejection, error) {
	if err := w.out.flush(ctx); err != nil { // what an earlier Write has left
		return nil, err
	}
	w.out.rest = w.page(batch)
	if err := w.out.flush(ctx); err != nil {
		for _, e := range batch {
			w.handed[e.ID()] = struct{}{}
		}
		return nil, err
	}
	clear(w.handed)
	return nil, nil
}

// page is what is to be printed of a batch: the events that no earlier Write has handed to the output.
func (w *Writer) page(batch []events.Event) []byte {
	if cap(w.buffer) > keptBuffer {
		w.buffer = nil
	}
	w.buffer = w.buffer[:0]
	for _, e := range batch {
		if _, done := w.handed[e.ID()]; !done {
			w.buffer = w.format(w.buffer, e)
		}
	}
	return w.buffer
}

// Limits are 5,000 events, 1 MiB and 250 ms.
func (w *Writer) Limits() (events, bytes int, age time.Duration) { return maxEvents, maxBytes, maxAge }

// Close waits for what a failed Write has left, at most until ctx ends.
func (w *Writer) Close(ctx context.Context) error { return w.out.close(ctx) }
