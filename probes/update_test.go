package probes

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
)

// Changes of a list that are told one by one must leave the same targets checked, at the same slots, as the whole list
// would; and a target that stays must not miss one, however many come and go. Seen to fail when what is gone stays, when
// what is put is not, and when the target that stays is put again with another check.
func TestUpdatesAreAsGoodAsAList(t *testing.T) {
	inFakeTime(t, func(t *testing.T) {
		b := newBed(t, SchedulerConfig{}, false)
		stays := entry(100, time.Second, 10*time.Millisecond)
		list := map[uuid.UUID]Entry{stays.Target.ID: stays}
		b.run(stays)
		for time.Since(b.began) < 9*time.Minute {
			var put []Entry
			var gone []uuid.UUID
			for _, i := range rand.Perm(40)[:rand.IntN(10)] {
				e := entry(i, 2*time.Second, time.Duration(rand.IntN(5))*300*time.Millisecond)
				if rand.IntN(3) == 0 {
					gone = append(gone, e.Target.ID)
					delete(list, e.Target.ID)
				} else {
					e.Target.Timeout += time.Duration(rand.IntN(2)) * time.Millisecond
					put = append(put, e)
					list[e.Target.ID] = e
				}
			}
			b.Update(b.ctx, put, gone)
			time.Sleep(time.Duration(rand.IntN(1000)) * time.Millisecond)
		}
		synctest.Wait()
		if b.counted.listed() != len(list) {
			t.Errorf("%d targets are counted, want %d", b.counted.listed(), len(list))
		}
		from := time.Now().Add(3 * time.Second)
		time.Sleep(10*time.Minute - time.Since(b.began))
		b.stop()
		until := time.Now().Add(-2 * time.Second)
		lately := func(e Entry) (n int) {
			for _, s := range b.of(e) {
				if s.due.After(from) && s.due.Before(until) {
					n++
				}
			}
			return n
		}
		for i := range 40 {
			e, want := entry(i, 2*time.Second, 0), 0
			if _, listed := list[e.Target.ID]; listed {
				want = int(until.Sub(from)/time.Second) / 2
			}
			if n := lately(e); n < want-1 || n > want+1 || want == 0 && n > 0 {
				t.Errorf("target %d was checked %d times in the end, want %d", i, n, want)
			}
		}
		wantSlots(t, 0, b.of(stays), newRhythm(time.Second, stays.Target.ID, ""), b.began)
	})
}
