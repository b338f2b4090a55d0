package targets

import (
	"maps"
	"slices"

	"github.com/google/uuid"
)

// Onto is the whole list, given what it was before if l is a part of it. It takes whole over, in whose memory the answer
// lies if there is room: a list of a million targets is 90 MB.
func (l *List) Onto(whole []Target) []Target {
	if !l.Part {
		return l.Targets
	}
	fresh := make(map[uuid.UUID]int, len(l.Targets))
	for i := range l.Targets {
		fresh[l.Targets[i].ID] = i
	}
	gone := make(map[uuid.UUID]bool, len(l.Gone))
	for _, id := range l.Gone {
		gone[id] = true
	}
	for i := range whole {
		if at, changed := fresh[whole[i].ID]; changed {
			delete(fresh, whole[i].ID)
			whole[i] = l.Targets[at]
		}
	}
	whole = slices.DeleteFunc(whole, func(t Target) bool { return gone[t.ID] })
	if n := len(whole) + len(fresh); n > cap(whole) { // append would take a quarter more
		whole = append(make([]Target, 0, n+n/64), whole...)
	}
	for _, at := range slices.Sorted(maps.Values(fresh)) {
		whole = append(whole, l.Targets[at])
	}
	return whole
}
