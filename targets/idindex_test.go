package targets

import (
	"crypto/sha1"
	"fmt"
	"testing"

	"github.com/google/uuid"
)

// If this failed, a target that stands twice in a list would be checked twice, or one be taken for another and never be
// checked. Among the ids are some that have the same place and the same mark.
//
// Seen to fail when find trusts the mark, and when reserve forgets the list.
func TestIDIndexFindsWhatAMapFinds(t *testing.T) {
	var index idIndex
	var list []Target
	known := map[uuid.UUID]int{}
	for n := range 20_000 {
		i := n % 10_000 // each comes twice
		sum := sha1.Sum(fmt.Append(nil, i))
		id := uuid.UUID(sum[:16])
		if i%2 == 1 { // as the first, but for the middle
			id = list[0].ID
			id[5], id[6] = byte(i>>8), byte(i)
		}
		want, there := known[id]
		if !there {
			want = -1
		}
		if got := index.find(list, id); got != want {
			t.Fatalf("id %d: found at %d, want %d", n, got, want)
		}
		if !there {
			known[id] = len(list)
			list = append(list, Target{ID: id})
			index.add(list)
		}
	}
	if len(known) != 10_000 {
		t.Errorf("%d ids, want 10000", len(known))
	}
}
