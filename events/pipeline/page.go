package pipeline

import (
	"errors"

	"github.com/uptimer/uptimer/events"
)

// limits are what a writer asks for, see events.Writer. bytes are counted as JSON, which is what is written.
type limits struct {
	events int
	bytes  int
}

// page is what one Write is given: events of one batch or of several, copied, so that it can be written again also
// when a caller has left and uses its slice for something else.
type page struct {
	events   []events.Event
	bytes    int
	segments []segment
}

// segment is where events of a page come from: n of a batch, from its event at on.
type segment struct {
	batch *batch
	at    int
	n     int
}

// fits tells whether the event still fits. An event that is larger than a page may be fits into an empty one.
func (p *page) fits(e events.Event, l limits) bool {
	return len(p.events) == 0 || len(p.events) < l.events && p.bytes+len(e.JSON()) <= l.bytes
}

// fill takes as many waiting events of the batch as fit.
func (p *page) fill(b *batch, l limits) (count, bytes int) {
	at, before := b.taken, p.bytes
	for b.waits() && p.fits(b.events[b.taken], l) {
		e := b.events[b.taken]
		p.events = append(p.events, e)
		p.bytes += len(e.JSON())
		b.taken++
	}
	if count = b.taken - at; count > 0 {
		p.segments = append(p.segments, segment{batch: b, at: at, n: count})
	}
	return count, p.bytes - before
}

// empty makes the page ready to be filled again; it keeps no event alive.
func (p *page) empty() {
	clear(p.events)
	clear(p.segments)
	p.events, p.segments, p.bytes = p.events[:0], p.segments[:0], 0
}

// errNoReason stands in for a reason that the writer did not give.
var errNoReason = errors.New("the writer gave no reason")

// reasons puts what a writer rejected in the order of the page: the reason for each event, or nil. It is nil as a
// whole if nothing was rejected. wrong are rejections that mean nothing: of an event that was not in the page, or
// that was rejected already.
func (p *page) reasons(rejected []events.Rejection) (reasons []error, count int, wrong []events.Rejection) {
	if len(rejected) == 0 {
		return nil, 0, nil
	}
	reasons = make([]error, len(p.events))
	for _, r := range rejected {
		if r.Index < 0 || r.Index >= len(reasons) || reasons[r.Index] != nil {
			wrong = append(wrong, r)
			continue
		}
		if r.Reason == nil {
			r.Reason = errNoReason
		}
		reasons[r.Index] = r.Reason
		count++
	}
	return reasons, count, wrong
}

// settle tells the batches that their part of the page is stored or rejected, each by its own indices, which go
// upwards.
func (p *page) settle(reasons []error) {
	at := 0
	for _, s := range p.segments {
		b := s.batch
		for i := range s.n {
			if !b.settled && reasons != nil && reasons[at+i] != nil {
				b.rejected = append(b.rejected, events.Rejection{Index: s.at + i, Reason: reasons[at+i]})
			}
		}
		at += s.n
		if b.open -= s.n; b.open == 0 {
			b.settle(nil)
		}
	}
}
