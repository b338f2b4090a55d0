package pipeline

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/uptimer/uptimer/events"
)

// try is one Write that a writer was asked for.
type try struct {
	at     time.Duration // since the writer was made
	places []int
	bytes  int
	err    error
}

// fakeWriter notes what it is asked for. It stores by id, as a real one does.
type fakeWriter struct {
	t      testing.TB
	events int
	bytes  int
	age    time.Duration
	do     func(ctx context.Context, n int, batch []events.Event) ([]events.Rejection, error) // n counts from 0; may be nil
	close  func(ctx context.Context) error                                                    // may be nil

	mu     sync.Mutex
	made   time.Time
	tries  []try
	busy   bool
	closes int
}

func newWriter(t testing.TB, maxEvents int, age time.Duration) *fakeWriter {
	return &fakeWriter{t: t, events: maxEvents, bytes: large, age: age, made: time.Now()}
}

func (w *fakeWriter) Limits() (int, int, time.Duration) { return w.events, w.bytes, w.age }

func (w *fakeWriter) Write(ctx context.Context, batch []events.Event) (rejected []events.Rejection, err error) {
	w.mu.Lock()
	if w.busy || w.closes > 0 || len(batch) == 0 {
		w.t.Errorf("Write of %d events while busy=%v, after %d closes", len(batch), w.busy, w.closes)
	}
	w.busy = true
	n := len(w.tries)
	w.tries = append(w.tries, try{at: time.Since(w.made), places: places(batch), bytes: size(batch)})
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.busy = false
		w.tries[n].err = err
	}()
	if w.do != nil {
		return w.do(ctx, n, batch)
	}
	return nil, nil
}

func (w *fakeWriter) Close(ctx context.Context) error {
	w.mu.Lock()
	if w.closes++; w.closes > 1 || w.busy {
		w.t.Errorf("close number %d, busy=%v", w.closes, w.busy)
	}
	w.mu.Unlock()
	if w.close != nil {
		return w.close(ctx)
	}
	return nil
}

// all are the tries so far.
func (w *fakeWriter) all() []try {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.tries)
}

// fakeReader hands its emit to the test. When it is told to stop, it waits for the emits that it has begun, as the
// readers of probes do.
type fakeReader struct {
	emit      chan events.Emit
	exhausted chan struct{} // closed: the source has no more
	emits     sync.WaitGroup
	err       error
}

func (r *fakeReader) Read(ctx context.Context, emit events.Emit) error {
	r.emit <- emit
	select {
	case <-ctx.Done():
	case <-r.exhausted:
	}
	r.emits.Wait()
	return r.err
}

// answer is what one emit returned.
type answer struct {
	done     chan struct{}
	at       time.Duration // since the rig was made
	rejected []events.Rejection
	err      error
}

func (a *answer) returned() bool {
	select {
	case <-a.done:
		return true
	default:
		return false
	}
}

// rig is a pipeline that runs, with a reader and a writer that the test holds.
type rig struct {
	t      testing.TB
	made   time.Time
	reader *fakeReader
	writer *fakeWriter
	emit   events.Emit
	log    *bytes.Buffer
	seen   *counts
	cancel context.CancelFunc
	result chan error
}

func startRig(t testing.TB, w *fakeWriter, grace time.Duration) *rig {
	x := &rig{
		t: t, made: time.Now(), writer: w, log: &bytes.Buffer{}, seen: &counts{}, result: make(chan error, 1),
		reader: &fakeReader{emit: make(chan events.Emit), exhausted: make(chan struct{})},
	}
	ctx, cancel := context.WithCancel(t.Context())
	x.cancel = cancel
	cfg := Config{Grace: grace, Log: slog.New(slog.NewTextHandler(x.log, nil))}
	go func() { x.result <- Run(ctx, readers(x.reader), sinks(w, "fake", x.seen), cfg) }()
	x.emit = <-x.reader.emit
	return x
}

// send emits in a goroutine of its own.
func (x *rig) send(list []events.Event) *answer { return x.sendCtx(x.t.Context(), list) }

func (x *rig) sendCtx(ctx context.Context, list []events.Event) *answer {
	a := &answer{done: make(chan struct{})}
	x.reader.emits.Go(func() {
		a.rejected, a.err = x.emit(ctx, list)
		a.at = time.Since(x.made)
		close(a.done)
	})
	return a
}

// stop cancels and returns what Run did.
func (x *rig) stop() error {
	x.cancel()
	return <-x.result
}

// exhaust lets the source end and returns what Run did.
func (x *rig) exhaust() error {
	close(x.reader.exhausted)
	defer x.cancel()
	return <-x.result
}

// ends fails the test if Run returned an error.
func (x *rig) ends(err error) {
	x.t.Helper()
	if err != nil {
		x.t.Errorf("Run: %v", err)
	}
}

// readers are one reader.
func readers(r events.Reader) []events.Reader { return []events.Reader{r} }

// sinks are one sink with one writer.
func sinks(w events.Writer, name string, seen Observer) []Sink {
	return []Sink{{Name: name, Writers: []events.Writer{w}, Observer: seen}}
}

// soleQueue is a queue, and what emits into it alone.
func soleQueue(maxEvents, maxBytes int, age time.Duration) (*queue, *intake) {
	q := newQueue(&sink{}, maxEvents, maxBytes, age)
	return q, &intake{routes: []route{{q}}}
}

// put lets a batch wait in the queue of an intake that has one.
func put(in *intake, list []events.Event) *batch {
	c := in.call(list)
	c.batches[0].queue.add(&c.batches[0])
	return &c.batches[0]
}

// counts is an Observer.
type counts struct{ writes, written, rejected, retried int }

func (c *counts) Written(n int, _ time.Duration) { c.writes++; c.written += n }
func (c *counts) Rejected(n int)                 { c.rejected += n }
func (c *counts) Retried()                       { c.retried++ }
