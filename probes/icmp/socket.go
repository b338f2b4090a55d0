package icmp

import (
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"
)

// wire is a socket of the operating system. Its methods may be called concurrently, receive by one goroutine.
type wire interface {
	// send sends a packet without waiting for more than a moment. The error may be that of an earlier packet if the
	// wire has notices.
	send(packet []byte, to netip.Addr) error
	// receive waits for a packet and takes off its IP header. Its error Is net.ErrClosed after close. Another one
	// may be that of a packet that was sent if the wire has notices.
	receive(buffer []byte) (n int, from netip.Addr, err error)
	// notices hands over the ICMP errors that the kernel keeps apart from the packets, until there are none left. It
	// says whether the wire keeps any at all.
	notices(each func(notice)) bool
	// private tells whether the id of our packets is the kernel's business: it may put its own on them, and keeps
	// away those with others.
	private() bool
	close() error
}

// socket is the one socket of an address family. All checks send through it, and one goroutine hands what comes to
// those that wait for it.
type socket struct {
	wire   wire
	family family
	id     uint16 // of our requests, unless the kernel puts its own
	ended  chan struct{}

	mu      sync.Mutex // for waiting, and for what all series have heard
	waiting map[uint64]*series
}

// newSocket begins to listen. The wire is closed by close.
func newSocket(w wire, f family) *socket {
	s := &socket{wire: w, family: f, id: uint16(rand.Uint32()), ended: make(chan struct{}), waiting: map[uint64]*series{}}
	go s.listen()
	return s
}

// close closes the wire and returns when nobody listens any more.
func (s *socket) close() error {
	err := s.wire.close()
	<-s.ended
	return err
}

// maxPacket is what is read of a packet: more than any that has to do with our own.
const maxPacket = 1500

// restAfterError keeps an error that lasts from costing a core.
const restAfterError = time.Millisecond

// listen hands out what comes until the wire is closed.
func (s *socket) listen() {
	defer close(s.ended)
	buffer := make([]byte, maxPacket)
	for {
		n, from, err := s.wire.receive(buffer)
		switch {
		case err == nil:
			s.heard(buffer[:n], from, time.Now())
		case errors.Is(err, net.ErrClosed):
			return
		case !s.collect():
			time.Sleep(restAfterError)
		}
	}
}

// collect hands out the ICMP errors that the kernel keeps, and tells whether there were any.
func (s *socket) collect() (some bool) {
	s.wire.notices(func(n notice) {
		some = true
		s.failed(n)
	})
	return some
}

// heard hands a packet to the series that waits for it. Most of what a raw socket hears is for nobody here.
func (s *socket) heard(packet []byte, from netip.Addr, now time.Time) {
	if n, ok := s.family.parseNotice(packet, from); ok {
		if s.ours(n.request) {
			s.failed(n)
		}
		return
	}
	reply, ok := parseEcho(packet, s.family.reply)
	if !ok || !reply.whole || !s.ours(reply) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if w := s.waiting[reply.token]; w != nil && w.to.WithZone("") == from.WithZone("") {
		w.answered(reply.sequence, now)
	}
}

// ours tells whether an echo message can be of this socket.
func (s *socket) ours(e echo) bool { return s.wire.private() || e.id == s.id }

// failed hands an ICMP error to the series whose packet it is about. If the error does not quote so much that it says
// which, it is about all that go to that address with that sequence number.
func (s *socket) failed(n notice) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n.request.whole {
		if w := s.waiting[n.request.token]; w != nil && w.to.WithZone("") == n.to.WithZone("") {
			w.failed(n)
		}
		return
	}
	for _, w := range s.waiting {
		if w.to.WithZone("") == n.to.WithZone("") {
			w.failed(n)
		}
	}
}

// join lets a series hear what is for it, with a token that no other has.
func (s *socket) join(w *series) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		w.token = rand.Uint64()
		if s.waiting[w.token] == nil {
			s.waiting[w.token] = w
			return
		}
	}
}

// leave ends that. Afterwards the series belongs to its check alone.
func (s *socket) leave(w *series) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.waiting, w.token)
}

// sendTries is how often a packet is tried. Each time but the last the error may be one that came for another packet
// just then, and nothing but a flood of them makes that likely twice.
const sendTries = 8

// send sends a request. A socket with notices gives the error of an earlier packet, to whomever that went, to
// whoever calls next; so an error counts only if it comes again when the notices have been taken.
func (s *socket) send(packet []byte, to netip.Addr) (err error) {
	for range sendTries {
		if err = s.wire.send(packet, to); err == nil {
			return nil
		}
		if !s.wire.notices(s.failed) {
			return err
		}
	}
	return err
}
