package probes

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// Whoever was passed over most is not first, or one that leaves takes another's place: targets would be forgotten, or
// checked at a slot that is long over. Held to a list that is sorted each time.
func TestReadyIsInOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var queue ready
	var want []*task
	before := func(a, b *task) int {
		switch x, y := a.missed(a.slot), b.missed(b.slot); {
		case x != y:
			return int(y - x)
		case queue.newestFirst:
			return int(b.slot - a.slot)
		}
		return int(a.slot - b.slot)
	}
	for slot := range int64(20_000) {
		switch n := r.IntN(10); {
		case n < 5:
			task := &task{slot: slot, last: slot - r.Int64N(500), rhythm: rhythm{interval: 100}}
			queue.push(task)
			want = append(want, task)
		case n < 7 && len(want) > 0:
			slices.SortFunc(want, before)
			if got := queue.pop(); got != want[0] || got.waits() {
				t.Fatalf("at %d: %+v is first, want %+v", slot, got, want[0])
			}
			want = want[1:]
		case n < 9 && len(want) > 0:
			i := r.IntN(len(want))
			queue.remove(want[i])
			queue.remove(want[i]) // it is gone
			want = slices.Delete(want, i, i+1)
		case slot%100 == 0:
			queue.order(!queue.newestFirst)
		}
		if queue.len() != len(want) {
			t.Fatalf("%d wait, want %d", queue.len(), len(want))
		}
	}
}
