package pipeline

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uptimer/uptimer/events"
)

// wantGivenUp fails the test if err is not that so many events were given up.
func wantGivenUp(t *testing.T, err error, n int) {
	t.Helper()
	var g *GivenUp
	if !errors.As(err, &g) || g.Events != n {
		t.Errorf("Run: %v, want %d events given up", err, n)
	}
}

// away makes Write hang until its ctx ends, as a database behind a dead link does.
func away(ctx context.Context, _ int, _ []events.Event) ([]events.Rejection, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// If this fails, SIGTERM loses events that could have been stored, or does not end, or hides how many were lost.
//
// Seen to fail when end() did not count the page in hand (4 given up), and when stop() was not called at the
// cancellation but after Read had returned (it hangs: here Read waits for its emits).
func TestTheGraceBeginsWithTheCancellation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWriter(t, 3, far)
		w.do = away
		x := startRig(t, w, 8*time.Second)
		inHand := x.send(some(t, 0, 3))
		synctest.Wait()
		waiting := x.send(some(t, 3, 2))
		time.Sleep(time.Hour)
		x.cancel()
		time.Sleep(7 * time.Second)
		late := x.send(some(t, 5, 2)) // a check that answered after SIGTERM
		synctest.Wait()
		if inHand.returned() || waiting.returned() || late.returned() {
			t.Error("an emit returned within the grace")
		}
		wantGivenUp(t, <-x.result, 7)
		for _, a := range []*answer{inHand, waiting, late} {
			if <-a.done; a.at != time.Hour+8*time.Second || !errors.Is(a.err, errGraceOver) {
				t.Errorf("emit after %v: %v", a.at, a.err)
			}
		}
		if strings.Contains(x.log.String(), "canceled") {
			t.Errorf("our own end is in the log as a fault: %s", x.log)
		}
	})
}

// If this fails, events are lost that came within the grace, while the database worked.
func TestEmitsAreServedDuringTheGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := startRig(t, newWriter(t, 100, far), 8*time.Second)
		x.reader.emits.Add(1)
		x.cancel()
		for i := range 7 {
			time.Sleep(time.Second)
			a := x.send(some(t, i, 1))
			if <-a.done; a.err != nil || a.at != time.Duration(i+1)*time.Second {
				t.Errorf("emit after %v: %v", a.at, a.err)
			}
		}
		x.reader.emits.Done()
		x.ends(<-x.result)
	})
}

// If this fails, events that a slow source emits after the grace are lost without a word.
func TestWhatComesAfterTheGraceIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := startRig(t, newWriter(t, 100, far), time.Second)
		x.reader.emits.Add(1)
		x.cancel()
		time.Sleep(1500 * time.Millisecond)
		if _, err := x.emit(t.Context(), some(t, 0, 4)); !errors.Is(err, errGraceOver) {
			t.Errorf("emit: %v", err)
		}
		x.reader.emits.Done()
		wantGivenUp(t, <-x.result, 4)
	})
}

// If this fails, the number of lost events is too high: what was stored or rejected of a large batch is not lost.
func TestGivenUpDoesNotCountWhatIsStoredOrRejected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWriter(t, 4, 0)
		w.do = func(ctx context.Context, n int, _ []events.Event) ([]events.Rejection, error) {
			if n == 0 {
				return []events.Rejection{{Index: 1, Reason: errAway}}, nil
			}
			return away(ctx, n, nil)
		}
		x := startRig(t, w, time.Second)
		a := x.send(some(t, 0, 10))
		wantGivenUp(t, x.stop(), 6)
		if <-a.done; a.err == nil || a.rejected != nil {
			t.Errorf("emit: %v, %v", a.rejected, a.err)
		}
	})
}

// If this fails, `PROBE_COUNT=1 uptimer` ends with what it saw thrown away when the database is slow to come.
func TestAnExhaustedSourceWaitsForTheWriter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWriter(t, 4, 0)
		w.do = failing(func(int) bool { return time.Since(w.made) < 24*time.Hour })
		x := startRig(t, w, time.Second)
		a := x.send(some(t, 0, 10))
		x.ends(x.exhaust())
		if <-a.done; a.err != nil || a.at < 24*time.Hour {
			t.Errorf("emit after %v: %v", a.at, a.err)
		}
	})
}

// If this fails, a finished uptimer that waits for the database does not heed SIGTERM.
func TestAnExhaustedSourceHasItsGraceToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWriter(t, 4, 0)
		w.do = failing(func(int) bool { return true })
		x := startRig(t, w, 8*time.Second)
		go x.emit(t.Context(), some(t, 0, 10))
		synctest.Wait()
		close(x.reader.exhausted)
		time.Sleep(time.Hour)
		begin := time.Now()
		wantGivenUp(t, x.stop(), 10)
		if took := time.Since(begin); took != 8*time.Second {
			t.Errorf("the end took %v, want the grace", took)
		}
	})
}

// If this fails, a source that breaks down takes with it what it had delivered, or breaks down in silence.
func TestAReadErrorIsReturnedAfterDraining(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := startRig(t, newWriter(t, 100, far), time.Second)
		x.reader.err = errors.New("the group was fenced")
		go x.emit(t.Context(), some(t, 0, 4))
		synctest.Wait()
		err := x.exhaust()
		if err == nil || err.Error() != "reading events: the group was fenced" {
			t.Errorf("Run: %v", err)
		}
		wantPages(t, x.writer.all(), upTo(0, 4))
	})
}

// If this fails, an ordinary SIGTERM is exit 1, or a fault at the end is taken for the ordinary SIGTERM.
func TestWhatReadSaysAtTheEnd(t *testing.T) {
	cancelled := fmt.Errorf("fetching: %w", context.Canceled)
	fenced := errors.New("fenced")
	for _, c := range []struct {
		name   string
		stop   bool
		err    error
		report string
	}{
		{"nothing", true, nil, ""},
		{"cancelled", true, cancelled, ""},
		{"cancelled twice", true, errors.Join(cancelled, context.Canceled), ""},
		{"cancelled, and a fault", true, errors.Join(cancelled, fenced), "reading events: fetching: context canceled\nfenced"},
		{"an empty join", true, noErrors{}, "reading events: none"},
		{"cancelled though nobody did", false, cancelled, "reading events: fetching: context canceled"},
		{"our own word", true, fmt.Errorf("emit: %w", errGraceOver), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := startRig(t, newWriter(t, 100, far), time.Second)
				x.reader.err = c.err
				end := x.exhaust
				if c.stop {
					end = x.stop
				}
				if err := end(); fmt.Sprint(err) != c.report && (err != nil || c.report != "") {
					t.Errorf("Run: %v, want %s", err, c.report)
				}
			})
		})
	}
}

// noErrors joins nothing and is an error nevertheless.
type noErrors struct{}

func (noErrors) Error() string   { return "none" }
func (noErrors) Unwrap() []error { return nil }

// If this fails, the connection to the database is cut instead of closed after SIGTERM, its error is not seen, or a
// Close that hangs keeps the process from ending.
func TestTheWriterIsClosedWithAContextOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWriter(t, 100, 0)
		w.close = func(ctx context.Context) error {
			if _, bounded := ctx.Deadline(); ctx.Err() != nil || !bounded {
				t.Errorf("Close with %v, bounded: %v", ctx.Err(), bounded)
			}
			<-ctx.Done()
			return ctx.Err()
		}
		x := startRig(t, w, 8*time.Second)
		err := x.stop()
		if !errors.Is(err, context.DeadlineExceeded) || err.Error() != `closing writer "fake": context deadline exceeded` {
			t.Errorf("Run: %v", err)
		}
		if w.closes != 1 || time.Since(x.made) != closeTime {
			t.Errorf("%d closes, after %v", w.closes, time.Since(x.made))
		}
	})
}

// If this fails, a Close error hides the Read error, or the number of events that were given up.
func TestAllErrorsAreReturned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWriter(t, 100, 0)
		w.do = away
		w.close = func(context.Context) error { return errAway }
		x := startRig(t, w, 0)
		x.reader.err = errors.New("fenced")
		x.send(some(t, 0, 1))
		err := x.stop()
		want := "reading events: fenced\n1 event could not be written before the grace ended and was given up\n" +
			`closing writer "fake": the database is away`
		if err == nil || err.Error() != want {
			t.Errorf("Run: %v, want %s", err, want)
		}
	})
}
