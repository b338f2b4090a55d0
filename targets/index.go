package targets

import (
	"bytes"
	"hash/maphash"
	"slices"
	"time"

	"github.com/google/uuid"
)

// index remembers which targets are in force, and how they are checked, in 24 bytes each.
type index struct {
	seed maphash.Seed
	all  []indexed // sorted by id
}

type indexed struct {
	id  uuid.UUID
	sum uint64 // see sum
}

// newIndex is the index of a list. row tells of a target whether the row of the table that has its id as key is it.
func newIndex(list []Target, row func(*Target) bool) *index {
	x := &index{seed: maphash.MakeSeed()}
	x.all = x.sorted(list, row)
	return x
}

func (x *index) sorted(list []Target, row func(*Target) bool) []indexed {
	all := make([]indexed, len(list))
	for i := range list {
		all[i] = indexed{list[i].ID, x.sum(&list[i], row(&list[i]))}
	}
	slices.SortFunc(all, compareIDs)
	return all
}

func compareIDs(a, b indexed) int { return bytes.Compare(a.id[:], b.id[:]) }

// sum is the same for targets that are checked in the same way, see Target.SameCheck; for others it is, for each, the same
// once in 2⁶³. The lowest bit is for row.
func (x *index) sum(t *Target, row bool) uint64 {
	sum := maphash.Comparable(x.seed, struct {
		url, name         string
		interval, timeout time.Duration
		options           Options
	}{t.URL, t.Name, t.Interval, t.Timeout, *t.Options})
	if row {
		return sum | rowBit
	}
	return sum &^ rowBit
}

const rowBit = 1

// find is where a target stands.
func (x *index) find(id uuid.UUID) (at int, there bool) {
	return slices.BinarySearchFunc(x.all, id, func(e indexed, id uuid.UUID) int { return bytes.Compare(e.id[:], id[:]) })
}

func (x *index) has(id uuid.UUID) bool {
	_, there := x.find(id)
	return there
}

// isRow tells whether the row of the table that has this key is the target of this id.
func (x *index) isRow(id uuid.UUID) bool {
	at, there := x.find(id)
	return there && x.all[at].sum&rowBit != 0
}

// same tells whether a target is there as it was.
func (x *index) same(t *Target, row bool) bool {
	at, there := x.find(t.ID)
	return there && x.all[at].sum == x.sum(t, row)
}

// count is how many targets there are after a change.
func (x *index) count(change *List) int {
	n := len(x.all) - len(change.Gone)
	for i := range change.Targets {
		if !x.has(change.Targets[i].ID) {
			n++
		}
	}
	return n
}

// with is the index after a change: what is gone is no more in it, and then what was put is.
func (x *index) with(put []Target, gone []uuid.UUID, row func(*Target) bool) *index {
	if len(put) == 0 && len(gone) == 0 {
		return x
	}
	out := make(map[uuid.UUID]struct{}, len(put)+len(gone))
	for i := range put {
		out[put[i].ID] = struct{}{}
	}
	for _, id := range gone {
		out[id] = struct{}{}
	}
	rest := x.sorted(put, row)
	merged := make([]indexed, 0, len(x.all)+len(rest))
	for _, e := range x.all {
		for len(rest) > 0 && compareIDs(rest[0], e) < 0 {
			merged, rest = append(merged, rest[0]), rest[1:]
		}
		if _, is := out[e.id]; !is {
			merged = append(merged, e)
		}
	}
	return &index{seed: x.seed, all: append(merged, rest...)}
}
