package pipeline

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uptimer/uptimer/events"
)

// If this fails, a reader that ignores its ctx keeps the process from ending.
func TestAReaderThatDoesNotStopIsLeftBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := startRig(t, newWriter(t, 100, far), 8*time.Second)
		x.reader.emits.Add(1)
		begin := time.Now()
		err := x.stop()
		want := "reader *pipeline.fakeReader did not stop: its Read has not returned 2s after the grace of 8s"
		if err == nil || err.Error() != want {
			t.Errorf("Run: %v, want %s", err, want)
		}
		if took := time.Since(begin); took != 10*time.Second || x.writer.closes != 1 {
			t.Errorf("the end took %v, %d closes", took, x.writer.closes)
		}
		x.reader.emits.Done()
	})
}

// If this fails, a Write that ignores its ctx keeps the process from ending, or the writer is closed under its hands.
func TestAWriteThatDoesNotStopIsLeftBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		free := make(chan struct{})
		w := newWriter(t, 100, 0)
		w.do = func(context.Context, int, []events.Event) ([]events.Rejection, error) {
			<-free
			return nil, nil
		}
		x := startRig(t, w, 8*time.Second)
		a := x.send(some(t, 0, 5))
		err := x.stop()
		wantGivenUp(t, err, 5)
		want := `writer "fake" did not stop: its Write has not returned 2s after the grace of 8s; it is not closed`
		if !strings.HasSuffix(err.Error(), want) {
			t.Errorf("Run: %v, want %s", err, want)
		}
		if <-a.done; a.at != 8*time.Second || w.closes != 0 {
			t.Errorf("emit after %v, %d closes", a.at, w.closes)
		}
		close(free)
	})
}

// If this fails, a Close that ignores its ctx keeps the process from ending.
func TestACloseThatDoesNotStopIsLeftBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		free := make(chan struct{})
		w := newWriter(t, 100, 0)
		w.close = func(context.Context) error { <-free; return nil }
		x := startRig(t, w, 8*time.Second)
		if err := x.stop(); err == nil || err.Error() != `closing writer "fake": Close has not returned after 3s` {
			t.Errorf("Run: %v", err)
		}
		close(free)
	})
}

// panicky panics in the call that it is named after.
type panicky struct {
	*fakeWriter
	in string
}

func (p panicky) Limits() (int, int, time.Duration) {
	p.at("Limits")
	return p.fakeWriter.Limits()
}

func (p panicky) Close(ctx context.Context) error {
	p.at("Close")
	return p.fakeWriter.Close(ctx)
}

func (p panicky) Read(context.Context, events.Emit) error {
	p.at("Read")
	return nil
}

func (p panicky) at(place string) {
	if p.in == place {
		panic("in " + place)
	}
}

// If this fails, a defect of a plugin ends the process with a stack trace and with events in hand.
func TestAPanicOfAPluginIsAnError(t *testing.T) {
	for in, want := range map[string]string{
		"Read":   "reading events: reader pipeline.panicky panicked: in Read",
		"Limits": `writer "fake" panicked: in Limits`,
		"Close":  `closing writer "fake": writer "fake" panicked: in Close`,
		"":       "<nil>",
	} {
		t.Run(in, func(t *testing.T) {
			p := panicky{fakeWriter: newWriter(t, 10, 0), in: in}
			err := Run(t.Context(), readers(p), sinks(p, "fake", nil), Config{Log: silent})
			if fmt.Sprint(err) != want {
				t.Errorf("Run: %v, want %s", err, want)
			}
			if closed := p.closes == 1; closed != (in != "Close") {
				t.Errorf("%d closes", p.closes)
			}
		})
	}
}
