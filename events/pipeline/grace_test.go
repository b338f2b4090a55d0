package pipeline

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uptimer/uptimer/events"
)

// If this fails, `uptimer | head` that is slow to end takes a second grace from the SIGTERM of an impatient user.
//
// Seen to fail when stop began the grace anew at each call.
func TestTheGraceBeginsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWriter(t, 100, 0)
		w.do = func(context.Context, int, []events.Event) ([]events.Rejection, error) {
			return nil, events.ErrWriterGone
		}
		x := startRig(t, w, 8*time.Second)
		x.send(some(t, 0, 1))
		x.reader.emits.Add(1) // a reader that does not stop
		time.Sleep(5 * time.Second)
		if err := x.stop(); err == nil {
			t.Error("Run has not noticed the reader that did not stop")
		}
		if took := time.Since(x.made); took != 8*time.Second+overtime {
			t.Errorf("the end took %v, want %v", took, 8*time.Second+overtime)
		}
		x.reader.emits.Done()
	})
}
