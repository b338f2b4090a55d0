package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uptimer/uptimer/events"
)

// refusing rejects the events of these places in the stock, in the order in which they are named here.
func refusing(at ...int) func(context.Context, int, []events.Event) ([]events.Rejection, error) {
	return func(_ context.Context, _ int, batch []events.Event) (rejected []events.Rejection, err error) {
		for _, place := range at {
			if i := slices.Index(places(batch), place); i >= 0 {
				rejected = append(rejected, events.Rejection{Index: i, Reason: fmt.Errorf("no room for %d", place)})
			}
		}
		return rejected, nil
	}
}

// say is a list of rejections as text.
func say(rejected []events.Rejection) string {
	var b strings.Builder
	for _, r := range rejected {
		fmt.Fprintf(&b, "%d: %v; ", r.Index, r.Reason)
	}
	return b.String()
}

// If this fails, a dead letter is made of the wrong message, and the bad one is acknowledged as if it were stored.
//
// Seen to fail when settle used the index in the page instead of the one in the batch.
func TestRejectionsComeBackToTheirCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWriter(t, 10, far)
		w.do = refusing(19, 4, 0, 5, 8, 12, 6)
		x := startRig(t, w, time.Second)
		var answers []*answer
		for _, part := range [][2]int{{0, 5}, {5, 1}, {6, 2}, {8, 12}} { // the last one is in two pages
			answers = append(answers, x.send(some(t, part[0], part[1])))
			synctest.Wait()
		}
		for i, want := range []string{
			"0: no room for 0; 4: no room for 4; ",
			"0: no room for 5; ",
			"0: no room for 6; ",
			"0: no room for 8; 4: no room for 12; 11: no room for 19; ",
		} {
			a := answers[i]
			if <-a.done; a.err != nil || say(a.rejected) != want {
				t.Errorf("caller %d: %s (%v), want %s", i, say(a.rejected), a.err, want)
			}
		}
		wantPages(t, w.all(), upTo(0, 10), upTo(10, 20))
		x.ends(x.stop())
		if *x.seen != (counts{writes: 2, written: 13, rejected: 7}) {
			t.Errorf("observed %+v", *x.seen)
		}
	})
}

// If this fails, a defect of a writer ends the process with events in hand, or floods the log, or stays unseen.
func TestAWriterThatRejectsNonsenseIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWriter(t, 10, 0)
		why := errors.New("too long")
		w.do = func(context.Context, int, []events.Event) ([]events.Rejection, error) {
			return []events.Rejection{{Index: 3, Reason: why}, {Index: -1, Reason: why}, {Index: 1, Reason: why},
				{Index: 1, Reason: errAway}, {Index: 1 << 40, Reason: why}, {Index: 2}}, nil
		}
		x := startRig(t, w, time.Second)
		for range 1000 {
			a := x.send(some(t, 0, 3))
			if <-a.done; a.err != nil || say(a.rejected) != "1: too long; 2: the writer gave no reason; " {
				t.Fatalf("emit: %s (%v)", say(a.rejected), a.err)
			}
		}
		x.ends(x.stop())
		if n := strings.Count(x.log.String(), "a defect of the writer"); n != 1 {
			t.Errorf("%d lines, want one:\n%s", n, x.log)
		}
		if !strings.Contains(x.log.String(), "index=3 events=3") {
			t.Errorf("the log does not say which: %s", x.log)
		}
	})
}
