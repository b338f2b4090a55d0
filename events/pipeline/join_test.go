package pipeline

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uptimer/uptimer/events"
)

// pagesOf are the places of each try.
func pagesOf(tries []try) (pages [][]int) {
	for _, t := range tries {
		pages = append(pages, t.places)
	}
	return pages
}

func wantPages(t *testing.T, tries []try, want ...[]int) {
	t.Helper()
	got := pagesOf(tries)
	if !slices.EqualFunc(got, want, slices.Equal[[]int]) {
		t.Errorf("pages %v, want %v", got, want)
	}
}

// If this fails, a busy source waits for the page timeout although there is enough for a page.
func TestAFullPageGoesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := startRig(t, newWriter(t, 10, far), time.Second)
		a := x.send(some(t, 0, 4))
		synctest.Wait()
		b := x.send(some(t, 4, 5))
		time.Sleep(time.Hour)
		if len(x.writer.all()) > 0 || a.returned() || b.returned() {
			t.Fatal("9 of 10 events were written before their age")
		}
		c := x.send(some(t, 9, 1))
		synctest.Wait()
		wantPages(t, x.writer.all(), upTo(0, 10))
		for _, a := range []*answer{a, b, c} {
			if <-a.done; a.err != nil || a.rejected != nil || a.at != time.Hour {
				t.Errorf("answer after %v: %v, %v", a.at, a.rejected, a.err)
			}
		}
		x.ends(x.stop())
	})
}

// If this fails, a page of large events grows beyond what the database takes in one statement.
func TestAPageIsFullByBytesToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWriter(t, large, far)
		w.bytes = 10_000
		x := startRig(t, w, time.Second)
		x.send([]events.Event{heavy(t, 4000), heavy(t, 4000)})
		time.Sleep(time.Hour)
		x.send([]events.Event{heavy(t, 2000), heavy(t, 6000), heavy(t, 4001), heavy(t, 50_000), heavy(t, 3000)})
		synctest.Wait()
		var got []int
		for _, try := range w.all() {
			got = append(got, try.bytes)
		}
		// The last one is not full: it waits for its age, here cut short by the end.
		if want := []int{10_000, 6000, 4001, 50_000}; !slices.Equal(got, want) {
			t.Errorf("pages of %v bytes, want %v", got, want)
		}
		x.ends(x.stop())
		if last := w.all()[4]; last.bytes != 3000 {
			t.Errorf("the rest was %d bytes", last.bytes)
		}
	})
}

// If this fails, a single event waits for company for ever, or not at all.
func TestAnEventWaitsForItsAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := startRig(t, newWriter(t, 10, 2*time.Second), time.Second)
		time.Sleep(time.Minute)
		first := x.send(some(t, 0, 1))
		<-first.done
		second := x.send(some(t, 1, 1))
		<-second.done
		if first.at != 62*time.Second || second.at != 64*time.Second {
			t.Errorf("stored after %v and %v, want 62s and 64s", first.at, second.at)
		}
		x.ends(x.stop())
	})
}

// If this fails, a stream of events that never pauses postpones its page again and again.
//
// Seen to fail when due() measured from the newest batch (q.last.since).
func TestASteadyStreamDoesNotPostponeThePage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := startRig(t, newWriter(t, 1000, time.Second), time.Second)
		for i := range 400 {
			x.send(some(t, i, 1))
			time.Sleep(30 * time.Millisecond)
		}
		tries := x.writer.all()
		if len(tries) < 11 {
			t.Fatalf("%d pages in 12 s, want one a second", len(tries))
		}
		for i, try := range tries {
			// The first event of page i came at i * 1.02 s, 20 ms after the last page went.
			if want := time.Duration(i)*1020*time.Millisecond + time.Second; try.at != want {
				t.Errorf("page %d after %v, want %v", i, try.at, want)
			}
		}
		x.ends(x.stop())
	})
}

// If this fails, what came while the writer was busy goes one by one instead of together.
func TestWhatWaitedDuringAWriteGoesTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWriter(t, 100, 0)
		w.do = func(context.Context, int, []events.Event) ([]events.Rejection, error) {
			time.Sleep(time.Second)
			return nil, nil
		}
		x := startRig(t, w, time.Second)
		for i := range 20 {
			x.send(some(t, i, 1))
			synctest.Wait()
		}
		time.Sleep(5 * time.Second)
		wantPages(t, w.all(), upTo(0, 1), upTo(1, 20))
		x.ends(x.stop())
	})
}

// If this fails, a batch larger than a page is refused, cut short, or acknowledged when only its first page is stored.
func TestALargeBatchIsSplit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := startRig(t, newWriter(t, 10, time.Second), time.Second)
		before := x.send(some(t, 0, 3))
		synctest.Wait()
		a := x.send(some(t, 3, 25))
		synctest.Wait()
		wantPages(t, x.writer.all(), upTo(0, 10), upTo(10, 20))
		if !before.returned() || a.returned() {
			t.Errorf("returned: %v and %v, want true and false", before.returned(), a.returned())
		}
		<-a.done
		wantPages(t, x.writer.all(), upTo(0, 10), upTo(10, 20), upTo(20, 28))
		if a.at != time.Second {
			t.Errorf("the rest went after %v, want its age of 1s", a.at)
		}
		x.ends(x.stop())
	})
}

// If this fails, the history of a target is written in another order than it happened, for instance after an outage.
//
// Seen to fail when push put a batch in front, and when a page that failed went to the end of the queue.
func TestBatchesKeepTheOrderOfTheirEmits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dice := rand.New(rand.NewPCG(1, 2))
		w := newWriter(t, 30, 20*time.Millisecond)
		w.do = func(context.Context, int, []events.Event) ([]events.Rejection, error) {
			time.Sleep(time.Duration(dice.IntN(20)) * time.Millisecond)
			return nil, map[bool]error{true: errAway}[dice.IntN(4) == 0]
		}
		x := startRig(t, w, time.Minute)
		sent := 0
		for range 100 {
			n := 1 + sent%23
			x.send(some(t, sent, n))
			sent += n
			synctest.Wait()
			time.Sleep(time.Duration(sent%5) * time.Millisecond)
		}
		x.ends(x.stop())
		var order []int
		for _, try := range w.all() {
			if try.err == nil {
				order = append(order, try.places...)
			}
		}
		if !slices.Equal(order, upTo(0, sent)) {
			t.Errorf("%d events were sent, stored in the order %v", sent, order)
		}
	})
}

// If this fails, a reader that has nothing to say waits for the page timeout.
func TestAnEmptyBatchReturnsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := startRig(t, newWriter(t, 10, far), time.Second)
		if rejected, err := x.emit(t.Context(), nil); rejected != nil || err != nil {
			t.Errorf("%v, %v", rejected, err)
		}
		x.ends(x.stop())
		wantPages(t, x.writer.all())
	})
}

// If this fails, the end of the program takes as long as the page timeout of the database.
//
// Seen to fail when makeHaste did not set q.hurry.
func TestNothingWaitsForCompanyAtTheEnd(t *testing.T) {
	ends := map[string]func(x *rig) error{"cancelled": (*rig).stop, "exhausted": (*rig).exhaust}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := startRig(t, newWriter(t, 10, far), time.Minute)
				if name == "exhausted" { // its Read returns without waiting for the emit
					go x.emit(t.Context(), some(t, 0, 1))
				} else {
					x.send(some(t, 0, 1))
				}
				synctest.Wait()
				x.ends(end(x))
				wantPages(t, x.writer.all(), upTo(0, 1))
				if took := time.Since(x.made); took != 0 {
					t.Errorf("the end took %v", took)
				}
			})
		})
	}
}

// If this fails, a writer that asks for nonsense stops the program or makes it spin.
func TestLimitsBelowOneAreOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWriter(t, 0, -time.Second)
		w.bytes = -1
		x := startRig(t, w, time.Second)
		<-x.send(some(t, 0, 3)).done
		wantPages(t, w.all(), upTo(0, 1), upTo(1, 2), upTo(2, 3))
		x.ends(x.stop())
	})
}

// If this fails, a quiet uptimer keeps a laptop awake.
func TestAnIdleQueueSetsNoTimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, in := soleQueue(10, large, time.Second)
		if wait := q.take(); wait != never {
			t.Errorf("an empty queue looks again after %v", wait)
		}
		put(in, some(t, 0, 1))
		if wait := q.take(); wait != time.Second {
			t.Errorf("a queue of one looks again after %v, want 1s", wait)
		}
		time.Sleep(time.Second)
		q.take()
		q.settle(nil)
		if wait := q.take(); wait != never {
			t.Errorf("a queue that is empty again looks after %v", wait)
		}
	})
}
