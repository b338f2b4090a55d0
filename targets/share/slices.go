package share

import (
	"bytes"

	"github.com/google/uuid"

	"github.com/uptimer/uptimer/targets"
)

// Slices are some of the slices that all targets are divided into. The zero value is no slice of none. They do not
// change once they were handed over.
type Slices struct {
	of   int
	mine []byte // a bit each, the first slice is the lowest bit of the first byte
}

func newSlices(of int) Slices { return Slices{of: of, mine: make([]byte, (of+7)/8)} }

// add puts in a slice. One that there is not is left out.
func (s Slices) add(i int) {
	if i >= 0 && i < s.of {
		s.mine[i/8] |= 1 << (i % 8)
	}
}

func (s Slices) has(i int) bool {
	return i >= 0 && i < s.of && s.mine[i/8]&(1<<(i%8)) != 0
}

// Has tells whether a target belongs to the slices.
func (s Slices) Has(target uuid.UUID) bool {
	return s.of > 0 && s.has(int(targets.Slice(target, uint64(s.of))))
}

// CountOf is how many targets of a list belong to the slices.
func (s Slices) CountOf(list []targets.Target) (n int) {
	for i := range list {
		if s.Has(list[i].ID) {
			n++
		}
	}
	return n
}

// Since tells how a share of a list has changed: which targets belong to the slices that did not belong to those before,
// and the ids of those that do so no more.
func (s Slices) Since(before Slices, list []targets.Target) (gained []targets.Target, lost []uuid.UUID) {
	for i := range list {
		switch id := list[i].ID; {
		case s.Has(id) == before.Has(id):
		case s.Has(id):
			gained = append(gained, list[i])
		default:
			lost = append(lost, id)
		}
	}
	return gained, lost
}

// Count is how many slices these are.
func (s Slices) Count() (n int) {
	for i := range s.of {
		if s.has(i) {
			n++
		}
	}
	return n
}

// Of is how many slices there are in all.
func (s Slices) Of() int { return s.of }

// Equal tells whether these are the same slices.
func (s Slices) Equal(other Slices) bool {
	return s.of == other.of && bytes.Equal(s.mine, other.mine)
}
