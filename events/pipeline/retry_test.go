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

// failing is a do that fails while the condition holds.
func failing(while func(n int) bool) func(context.Context, int, []events.Event) ([]events.Rejection, error) {
	return func(_ context.Context, n int, _ []events.Event) ([]events.Rejection, error) {
		if while(n) {
			return nil, errAway
		}
		return nil, nil
	}
}

// If this fails, events are lost or overtake each other when the database was away for a moment: it must be the same
// page again, alone, until it is stored, while what came meanwhile waits.
//
// Seen to fail when write returned after an error (the page was lost: its emit never returned), when it settled the
// page before trying it (acknowledged and not stored), and when it put the page back at the end of the queue.
func TestAPageThatFailedIsWrittenAgainBeforeAnyOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWriter(t, 5, 0)
		w.do = failing(func(n int) bool { return n < 3 })
		x := startRig(t, w, time.Second)
		a := x.send(some(t, 0, 5))
		synctest.Wait()
		b := x.send(some(t, 5, 10))
		time.Sleep(200 * time.Millisecond)
		if a.returned() || b.returned() {
			t.Error("an emit returned before its events were stored")
		}
		<-b.done
		page := upTo(0, 5)
		wantPages(t, w.all(), page, page, page, page, upTo(5, 10), upTo(10, 15))
		x.ends(x.stop())
		if *x.seen != (counts{writes: 3, written: 15, retried: 3}) {
			t.Errorf("observed %+v", *x.seen)
		}
	})
}

// If this fails, a database that comes back is hammered, or found minutes late.
func TestPausesGrowFromFiftyMillisecondsToFiveSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWriter(t, 5, 0)
		w.do = failing(func(n int) bool { return n < 30 })
		x := startRig(t, w, time.Second)
		<-x.send(some(t, 0, 1)).done
		longest, differ := 100*time.Millisecond, false
		tries := w.all()
		for i := 1; i < len(tries); i++ {
			pause := tries[i].at - tries[i-1].at
			if pause < longest/2 || pause > longest {
				t.Errorf("pause %d is %v, want %v to %v", i, pause, longest/2, longest)
			}
			differ = differ || pause != longest
			longest = min(2*longest, 5*time.Second)
		}
		if len(tries) != 31 || !differ {
			t.Errorf("%d tries, pauses differ: %v", len(tries), differ)
		}
		x.ends(x.stop())
	})
}

// If this fails, the pause between tries stays long after an outage, and the next short one costs seconds.
func TestPausesAreShortAgainForTheNextPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWriter(t, 5, 0)
		w.do = failing(func(n int) bool { return n < 30 || n == 31 })
		x := startRig(t, w, time.Second)
		<-x.send(some(t, 0, 1)).done
		begin := time.Now()
		<-x.send(some(t, 1, 1)).done
		if took := time.Since(begin); took > 100*time.Millisecond {
			t.Errorf("the second outage of one try cost %v", took)
		}
		x.ends(x.stop())
	})
}

// If this fails, what is in hand is given up at shutdown although the database is back, because the pipeline sleeps.
//
// Seen to fail when rest did not look at haste.
func TestAPauseIsCutShortAtShutdown(t *testing.T) {
	ends := map[string]func(x *rig) error{"cancelled": (*rig).stop, "exhausted": (*rig).exhaust}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				back := false
				w := newWriter(t, 5, 0)
				w.do = failing(func(int) bool { return !back })
				x := startRig(t, w, 8*time.Second)
				go x.emit(t.Context(), some(t, 0, 3))
				pauseBegins(w, 20)
				back = true
				asked := time.Now()
				x.ends(end(x))
				if took := time.Since(asked); took != 0 {
					t.Errorf("the end took %v", took)
				}
			})
		})
	}
}

// pauseBegins sleeps until just after a try, when the pauses are long.
func pauseBegins(w *fakeWriter, tries int) {
	for len(w.all()) < tries {
		time.Sleep(time.Millisecond)
	}
	synctest.Wait()
}

// If this fails, a grace of eight seconds has room for two tries only.
func TestPausesAreShortAgainAtShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWriter(t, 5, 0)
		w.do = failing(func(int) bool { return true })
		x := startRig(t, w, time.Second)
		x.send(some(t, 0, 3))
		pauseBegins(w, 20)
		x.stop()
		// At once, then after at most 100, 200 and 400 ms.
		if n := len(w.all()) - 20; n < 4 {
			t.Errorf("%d tries in the second of the grace", n)
		}
	})
}

// If this fails, the log is flooded while the database is away, or silent, or does not say that it is over.
func TestALastingFaultIsALineAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWriter(t, 5, 0)
		w.do = failing(func(int) bool { return time.Since(w.made) < 10*time.Minute })
		x := startRig(t, w, time.Second)
		<-x.send(some(t, 0, 1)).done
		x.ends(x.stop())
		began := strings.Count(x.log.String(), "could not be written")
		ended := strings.Count(x.log.String(), "events are written again")
		if began < 9 || began > 10 || ended != 1 {
			t.Errorf("%d lines while it lasted ten minutes, %d when it ended:\n%s", began, ended, x.log)
		}
		first, _, _ := strings.Cut(x.log.String(), "\n")
		for _, want := range []string{"level=ERROR", "writer=fake", `error="the database is away"`, "tries=1"} {
			if !strings.Contains(first, want) {
				t.Errorf("the first line does not say %s: %s", want, first)
			}
		}
	})
}

// If this fails, `uptimer | head` does not end, or ends with an error, or loses the reader's last word.
func TestWhenNobodyIsBehindTheWriterAllEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := fmt.Errorf("writing: %w", events.ErrWriterGone)
		w := newWriter(t, 2, 0)
		w.do = func(context.Context, int, []events.Event) ([]events.Rejection, error) {
			time.Sleep(time.Second)
			return nil, gone
		}
		w.close = func(context.Context) error { return gone }
		x := startRig(t, w, time.Minute)
		x.reader.err = fmt.Errorf("emitting: %w", gone) // what a reader may well pass on
		inHand, waiting := x.send(some(t, 0, 2)), x.send(some(t, 2, 2))
		x.ends(<-x.result)
		after := x.send(some(t, 4, 2))
		for _, a := range []*answer{inHand, waiting, after} {
			if <-a.done; a.err == nil || !strings.Contains(a.err.Error(), `writer "fake": writing: the destination was closed`) {
				t.Errorf("emit: %v", a.err)
			}
		}
		if took := time.Since(x.made); took != time.Second {
			t.Errorf("the end took %v", took)
		}
		x.cancel()
	})
}

// If this fails, a defect of a writer ends the process with events in hand, or says nothing of where it is.
func TestAWriteThatPanicsIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWriter(t, 5, 0)
		w.do = func(_ context.Context, n int, _ []events.Event) ([]events.Rejection, error) {
			if n < 5 {
				panic("no such column")
			}
			return nil, nil
		}
		x := startRig(t, w, time.Second)
		a := x.send(some(t, 0, 3))
		if <-a.done; a.err != nil {
			t.Error(a.err)
		}
		x.ends(x.stop())
		if n := strings.Count(x.log.String(), "retry_test.go"); n != 1 {
			t.Errorf("the stack is there %d times, want once:\n%s", n, x.log)
		}
		if want := `error="writer \"fake\" panicked: no such column" tries=1`; !strings.Contains(x.log.String(), want) {
			t.Errorf("the log does not say %s:\n%s", want, x.log)
		}
	})
}

// If this fails, a defect that the writer meets once is tried with what failed as if it were stored: what a Write that
// failed says of rejections must not count.
func TestRejectionsOfAFailedWriteDoNotCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWriter(t, 5, 0)
		w.do = func(_ context.Context, n int, _ []events.Event) ([]events.Rejection, error) {
			if n == 0 {
				return []events.Rejection{{Index: 1, Reason: errAway}}, errAway
			}
			return nil, nil
		}
		x := startRig(t, w, time.Second)
		a := x.send(some(t, 0, 3))
		if <-a.done; a.err != nil || a.rejected != nil {
			t.Errorf("emit: %v, %v", a.rejected, a.err)
		}
		x.ends(x.stop())
	})
}
