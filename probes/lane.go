package probes

// lane is a queue of places in the order in which they are due. The zero value is empty.
type lane struct {
	size       int
	begin, end int64 // when its first and its last place are due; end stays when the last is gone
	head, tail *stretch
}

// stretch is a part of a lane, of four kilobytes: the memory of those that are gone is free again.
type stretch struct {
	next     *stretch
	from, to int32 // which places are taken
	places   [255]planned
}

// push puts a place at the end. It must not be due before the last.
func (l *lane) push(p planned) {
	switch {
	case l.head == nil:
		l.head = new(stretch)
		l.tail = l.head
	case int(l.tail.to) == len(l.tail.places):
		l.tail.next = new(stretch)
		l.tail = l.tail.next
	}
	l.tail.places[l.tail.to] = p
	l.tail.to++
	if l.size == 0 {
		l.begin = p.due
	}
	l.end = p.due
	l.size++
}

// pop takes the first place out. There must be one.
func (l *lane) pop() planned {
	h := l.head
	first := h.places[h.from]
	h.places[h.from].task = nil // keeps nothing alive
	h.from++
	l.size--
	switch {
	case l.size == 0:
		h.from, h.to = 0, 0 // a lane of few needs no new stretch each time
		return first
	case h.from == h.to:
		l.head = h.next
	}
	l.begin = l.head.places[l.head.from].due
	return first
}
