package stdout

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/events/eventstest"
)

// flaky is an output that takes a part of what it is given and fails, until it has failed often enough.
type flaky struct {
	took  bytes.Buffer
	parts []int // how much it takes before each failure
}

var errNoSpace = errors.New("no space left")

func (f *flaky) Write(p []byte) (int, error) {
	if len(f.parts) == 0 {
		return f.took.Write(p)
	}
	n := min(f.parts[0], len(p))
	f.parts = f.parts[1:]
	f.took.Write(p[:n])
	return n, errNoSpace
}

func lines(batch []events.Event) string {
	var all strings.Builder
	for _, e := range batch {
		fmt.Fprintf(&all, "%s\n", e.JSON())
	}
	return all.String()
}

// If this failed, a full disk would leave torn lines or events that are there twice in the file, once there is room
// again.
// (Seen to fail without w.handed, and when flush began again with the whole page.)
func TestARetriedPageGoesOnWhereTheOutputStopped(t *testing.T) {
	for seed := range uint64(50) {
		rng := rand.New(rand.NewPCG(seed, 0))
		f := &flaky{}
		for range 1 + rng.IntN(8) {
			f.parts = append(f.parts, rng.IntN(1500)*rng.IntN(2))
		}
		w := open(t, "json", f)
		first, second := eventstest.Dummies(t, 5), eventstest.Checks(t, 5)
		for _, page := range [][]events.Event{first, second} {
			for {
				_, err := w.Write(t.Context(), page)
				if err == nil {
					break
				}
				if !errors.Is(err, errNoSpace) || errors.Is(err, events.ErrWriterGone) {
					t.Fatal(err)
				}
			}
		}
		if got, want := f.took.String(), lines(append(first, second...)); got != want {
			t.Fatalf("seed %d:\n got %q\nwant %q", seed, got, want)
		}
	}
}

// If this failed, events would be printed twice or be lost when the page that is tried again holds others too, or
// fewer: because a source took some back and others came.
func TestAnotherPageAfterAFailedOne(t *testing.T) {
	f := &flaky{parts: []int{100}}
	w := open(t, "json", f)
	list := eventstest.Dummies(t, 6)
	if _, err := w.Write(t.Context(), list[:4]); !errors.Is(err, errNoSpace) {
		t.Fatalf("got %v, want %v", err, errNoSpace)
	}
	for _, page := range [][]events.Event{list[2:5], list[5:]} {
		if _, err := w.Write(t.Context(), page); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := f.took.String(), lines(list); got != want {
		t.Errorf("\n got %q\nwant %q", got, want)
	}
}

// If this failed, an event that a topic holds twice would be there once, as if the output were no list of what was
// read; and the ids of all events would be kept for ever.
func TestWhatWasAcknowledgedIsPrintedAgain(t *testing.T) {
	e := eventstest.Dummies(t, 1)
	f := &flaky{parts: []int{10}}
	w := open(t, "json", f)
	if _, err := w.Write(t.Context(), e); !errors.Is(err, errNoSpace) {
		t.Fatalf("got %v, want %v", err, errNoSpace)
	}
	for range 2 {
		if _, err := w.Write(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := f.took.String(), lines(e)+lines(e); got != want {
		t.Errorf("\n got %q\nwant %q", got, want)
	}
}

// If this failed, `| head` would end in an error, or in tries without end.
func TestAClosedPipeIsNoFailure(t *testing.T) {
	closedPipe := func(t *testing.T) io.Writer {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = w.Close() })
		_ = r.Close()
		return w
	}
	closedFile := func(t *testing.T) io.Writer {
		f, err := os.Create(t.TempDir() + "/out")
		if err != nil {
			t.Fatal(err)
		}
		_ = f.Close()
		return f
	}
	closedReader := func(*testing.T) io.Writer {
		r, w := io.Pipe()
		_ = r.Close()
		return w
	}
	for name, to := range map[string]func(*testing.T) io.Writer{"pipe": closedPipe, "file": closedFile, "io.Pipe": closedReader} {
		t.Run(name, func(t *testing.T) {
			w := open(t, "json", to(t))
			for range 2 {
				if _, err := w.Write(t.Context(), eventstest.Dummies(t, 2)); !errors.Is(err, events.ErrWriterGone) {
					t.Errorf("got %v, want an error that Is events.ErrWriterGone", err)
				}
			}
			if err := w.Close(t.Context()); err != nil {
				t.Errorf("Close: %v", err)
			}
		})
	}
}

// If this failed, a reader of the pipe that ends while much is under way would be a failure, other than one that
// ends between two pages.
func TestAPipeThatIsClosedMeanwhile(t *testing.T) {
	r, to, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	w := open(t, "json", to)
	go func() {
		_, _ = io.ReadFull(r, make([]byte, 1000))
		_ = r.Close()
	}()
	if _, err := w.Write(t.Context(), eventstest.Dummies(t, 3000)); !errors.Is(err, events.ErrWriterGone) {
		t.Errorf("got %v, want an error that Is events.ErrWriterGone", err)
	}
}

// If this failed, a reader of the pipe that has stopped would keep the program from ending, or what it reads when
// it goes on would be torn or doubled.
func TestAPipeThatNobodyReads(t *testing.T) {
	r, to := slowPipe(t)
	defer r.Close()
	w := open(t, "json", to)
	list := eventstest.Dummies(t, 3000) // more than a pipe holds
	for range 2 {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		_, err := w.Write(ctx, list)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %v, want the end of the context", err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := w.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Close: %v, want the end of the context", err)
	}
	read := make(chan string)
	go func() {
		all, _ := io.ReadAll(r)
		read <- string(all)
	}()
	if _, err := w.Write(t.Context(), list); err != nil {
		t.Error(err)
	}
	_ = to.Close()
	if got, want := <-read, lines(list); got != want {
		t.Errorf("got %d bytes, want the %d of the events", len(got), len(want))
	}
}
