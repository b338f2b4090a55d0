package targets

import (
	"strings"
	"sync"

	"github.com/google/uuid"
)

// ahead lets three work on a list at a time: the caller, who goes on with the file; those that read URLs and make ids,
// which is most of the work for a line; and one that takes rows into the list in their order. It finds nothing out that
// the builder would not: so lists and mistakes are the same with and without it. Between take and flush the builder is
// the last one's.
type ahead struct {
	b       *builder
	origin  *Origin
	filling *batch
	found   chan *batch // being worked on or done, in their order; nil: none
	free    chan []row  // of batches that are in the list
	adding  sync.WaitGroup
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
	if len(a.filling.rows) == batchRows {
		a.send()
	}
}

// empty is a batch to be filled.
func (a *ahead) empty() *batch {
	b := &batch{done: make(chan struct{})}
	select {
	case b.rows = <-a.free:
	default:
		b.rows = make([]row, 0, batchRows)
	}
	return b
}

// send lets the rows be worked on, and waits while there are too many.
func (a *ahead) send() {
	if a.found == nil {
		a.found, a.free = make(chan *batch, mostBatches), make(chan []row, mostBatches)
		a.adding.Go(a.add)
	}
	go a.filling.find(a.b.bare)
	a.found <- a.filling
	a.filling = nil
}

// add takes rows into the list until there are no more.
func (a *ahead) add() {
	for batch := range a.found {
		<-batch.done
		for i := range batch.rows {
			a.b.add(a.origin, &batch.rows[i])
		}
		select {
		case a.free <- batch.rows[:0]:
		default:
		}
	}
}

// flush waits until all rows are in the list.
func (a *ahead) flush() {
	if a.filling != nil {
		a.send()
	}
	if a.found != nil {
		close(a.found)
		a.adding.Wait()
		a.found = nil
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
