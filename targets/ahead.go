package targets

import (
	"strings"

	"github.com/google/uuid"
)

// ahead reads URLs and makes ids, which is most of the work for a line, beside the one goroutine that goes on with the
// file and takes rows into the list in their order. It finds nothing out that the builder would not: so lists and
// mistakes are the same with and without it.
type ahead struct {
	b       *builder
	origin  *Origin
	filling *batch
	ready   []*batch // being worked on or done, the oldest first
	free    [][]row  // of batches that are in the list
}

// batch is rows that are worked on together.
type batch struct {
	rows []row
	done chan struct{}
}

const (
	batchRows   = 256
	mostBatches = 4 // under way
)

// known is what was found out of a row beforehand.
type known struct {
	url   string
	parts Parts
	err   error
	id    uuid.UUID
	set   bool
}

// take takes a copy of a row.
func (a *ahead) take(r *row) {
	if a.filling == nil {
		a.filling = a.empty()
	}
	a.filling.rows = append(a.filling.rows, *r)
	if len(a.filling.rows) < batchRows {
		return
	}
	a.send()
	if len(a.ready) == mostBatches {
		a.add()
	}
}

// empty is a batch to be filled.
func (a *ahead) empty() *batch {
	b := &batch{done: make(chan struct{})}
	if last := len(a.free) - 1; last >= 0 {
		b.rows, a.free = a.free[last], a.free[:last]
	} else {
		b.rows = make([]row, 0, batchRows)
	}
	return b
}

// send lets the rows be worked on.
func (a *ahead) send() {
	batch, bare := a.filling, a.b.bare
	a.filling, a.ready = nil, append(a.ready, batch)
	go batch.find(bare)
}

// add takes the oldest rows into the list.
func (a *ahead) add() {
	batch := a.ready[0]
	a.ready = a.ready[1:]
	<-batch.done
	for i := range batch.rows {
		a.b.add(a.origin, &batch.rows[i])
	}
	a.free = append(a.free, batch.rows[:0])
}

// flush takes all rows into the list.
func (a *ahead) flush() {
	if a.filling != nil && len(a.filling.rows) > 0 {
		a.send()
	}
	for len(a.ready) > 0 {
		a.add()
	}
}

func (f *batch) find(bare string) {
	defer close(f.done)
	var canonical, scratch []byte
	for i := range f.rows {
		r := &f.rows[i]
		k := known{set: true}
		k.url, k.parts, k.err = parseURL(strings.TrimSpace(r.text[fieldURL]), bare)
		if k.err == nil {
			t := Target{Name: strings.TrimSpace(r.text[fieldName])}
			canonical = t.appendCanonical(canonical[:0], k.parts)
			k.id = idOf(canonical, &scratch)
		}
		r.known = k
	}
}
