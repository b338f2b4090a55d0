package postgres

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"time"
)

// state is a check that a target's state may become, and when the first check was that found the same.
type state struct {
	row   *row
	since time.Time
}

// states finds what a page says of the state of each target at each location: the newest check, and the one before
// its last turn (from up to down or back) in the page, if there is one. Stored one after the other, these two leave
// the same behind as all checks of the page, one by one. Both are in the order of their keys, so that writers who
// store at the same time do not wait for each other in a circle.
func states(rows []*row) (turned, newest []state) {
	rows = slices.Clone(rows)
	slices.SortFunc(rows, func(a, b *row) int { return cmp.Or(compareKeys(a, b), compareAges(a, b)) })
	for first := 0; first < len(rows); {
		last := first
		for last+1 < len(rows) && compareKeys(rows[first], rows[last+1]) == 0 {
			last++
		}
		run := beginOfRun(rows, first, last)
		newest = append(newest, state{rows[last], rows[run].event.Time()})
		if run > first {
			turned = append(turned, state{rows[run-1], rows[beginOfRun(rows, first, run-1)].event.Time()})
		}
		first = last + 1
	}
	return turned, newest
}

// beginOfRun is the first of the checks up to last that have found the same as last, without a break.
func beginOfRun(rows []*row, first, last int) int {
	begin := last
	for begin > first && rows[begin-1].probe.up == rows[last].probe.up {
		begin--
	}
	return begin
}

func compareKeys(a, b *row) int {
	return cmp.Or(bytes.Compare(a.probe.targetID[:], b.probe.targetID[:]), strings.Compare(a.probe.location, b.probe.location))
}

// compareAges orders checks by time, and those of the same time by their id, as the table does.
func compareAges(a, b *row) int {
	x, y := a.event.ID(), b.event.ID()
	return cmp.Or(a.event.Time().Compare(b.event.Time()), bytes.Compare(x[:], y[:]))
}
