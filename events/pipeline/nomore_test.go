package pipeline

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uptimer/uptimer/events"
)

// If this failed, a source with little room and a writer with large pages would wait for each other, page by page.
// (Seen to fail with an empty batch that says nothing.)
func TestAnEmptyBatchSaysThatNothingMoreComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := startRig(t, newWriter(t, 10, far), time.Second)
		noMore := func() {
			t.Helper()
			synctest.Wait()
			if rejected, err := x.emit(t.Context(), nil); rejected != nil || err != nil {
				t.Errorf("an empty batch: %v, %v", rejected, err)
			}
			synctest.Wait()
		}
		noMore() // nothing waits
		a := x.send(some(t, 0, 2))
		synctest.Wait()
		b := x.send(some(t, 2, 3))
		noMore()
		if !a.returned() || !b.returned() {
			t.Fatal("what waits is not written")
		}
		left, leave := context.WithCancel(t.Context())
		c := x.sendCtx(left, some(t, 5, 1))
		synctest.Wait()
		leave()
		<-c.done
		noMore()
		d := x.send(some(t, 6, 1))
		synctest.Wait()
		if d.returned() {
			t.Error("what comes later waits for company again, but this was written alone")
		}
		x.ends(x.stop())
		wantPages(t, x.writer.all(), []int{0, 1, 2, 3, 4}, []int{6})
	})
}

// If this failed, what was said of a batch that was then taken back would hold for the next one. (Seen to fail
// without what unlink does for it.)
func TestNothingMoreIsForgottenWithTheBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWriter(t, 10, far)
		x := startRig(t, w, time.Second)
		gate := make(chan struct{})
		w.do = func(context.Context, int, []events.Event) ([]events.Rejection, error) {
			<-gate
			return nil, nil
		}
		first := x.send(some(t, 0, 10)) // a page that is under way meanwhile
		synctest.Wait()
		left, leave := context.WithCancel(t.Context())
		c := x.sendCtx(left, some(t, 10, 1))
		synctest.Wait()
		_, _ = x.emit(t.Context(), nil)
		leave()
		<-c.done
		close(gate)
		<-first.done
		d := x.send(some(t, 11, 1))
		time.Sleep(time.Hour)
		if d.returned() {
			t.Error("it was written alone")
		}
		x.ends(x.stop())
	})
}
