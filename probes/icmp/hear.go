package icmp

import "time"

// sequence is the sequence number of a packet. It begins as randomly as the token, so that checks of the same address
// do not share numbers.
func (w *series) sequence(i int) uint16 { return uint16(w.token) + uint16(i) }

// packet finds the one that has a sequence number; nil if it was not sent or is settled already. Called with the
// socket's mutex held.
func (w *series) packet(sequence uint16) *packet {
	i := int(sequence - uint16(w.token))
	if i >= len(w.packets) || w.packets[i].settled {
		return nil
	}
	return &w.packets[i]
}

// answered notes a reply. Called with the socket's mutex held.
func (w *series) answered(sequence uint16, at time.Time) {
	p := w.packet(sequence)
	if p == nil { // a duplicate, or a forgery
		return
	}
	if p.trip = at.Sub(w.began) - p.sent; p.trip < 0 { // the kernel's clock was stepped meanwhile
		p.trip = time.Since(w.began) - p.sent
	}
	p.settled = true
	w.settled++
	w.longest = max(w.longest, p.trip)
	w.notify()
}

// failed notes an ICMP error. Called with the socket's mutex held.
func (w *series) failed(n notice) { w.lost(n.request.sequence, w.socket.family.text(n)) }

// lost settles a packet that will not be answered, and why.
func (w *series) lost(sequence uint16, why string) {
	p := w.packet(sequence)
	if p == nil {
		return
	}
	p.settled, p.failed = true, true
	w.settled++
	if w.why == "" {
		w.why = why
	}
	w.notify()
}
