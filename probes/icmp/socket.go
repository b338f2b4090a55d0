package icmp

import (
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"
)

// wire is a socket of the operating system, or some of which one hears. Its methods may be called concurrently, but poll only by who has the turn,
// and await by one goroutine.
type wire interface {
	// lanes is how many may send at once; the first lane is 0.
	lanes() int
	// send sends a packet by a lane, which nobody else uses meanwhile. Its error Is errFull if there is no room for it just
	// now; it may be that of an earlier packet if the wire has notices.
	send(lane int, packet []byte, to netip.Addr) error
	// await returns when something has come that poll has not read yet, or at times for nothing. Its error Is
	// net.ErrClosed after close. Another one may be that of a packet that was sent if the wire has notices.
	await() error
	// poll reads a packet that has already come, takes off its IP header and says when it came. Its error Is errNothing
	// if there is none, else as that of await.
	poll(buffer []byte) (n int, from netip.Addr, at time.Time, err error)
	// drops counts the packets that came and were thrown away because nobody read them in time, as far as the system
	// says so. It may wrap.
	drops() uint32
	// notices hands over the ICMP errors that the kernel keeps apart from the packets, until there are none left. It
	// says whether the wire keeps any at all.
	notices(each func(notice)) bool
	// private tells whether the id of our packets is the kernel's business: it may put its own on them, and keeps
	// away those with others.
	private() bool
	close() error
}

var (
	errNothing = errors.New("nothing has come")
	errFull    = errors.New("no room in the send buffer")
)

// socket is the wire of an address family. All checks send through it; they and one goroutine hand what comes to those
// that wait for it.
type socket struct {
	wire   wire
	family family
	id     uint16 // of our requests, unless the kernel puts its own
	ended  chan struct{}

	requests sync.Pool     // of *[]byte
	lanes    chan int      // those that nobody sends by
	ahead    chan struct{} // as many as may have sent before they read

	turn   sync.Mutex // who has it reads what has come
	buffer []byte     // for who has the turn
	came   int        // packets since listen looked last, whoever has read them; that too

	mu      sync.Mutex // for waiting, and for what all series have heard
	waiting map[uint64]*series
	drops   uint32    // of the wire, at
	dropsAt time.Time // the time of the last look
}

// dropsAge is how old the number of drops may be that a series begins with: to ask the kernel takes a sixth of what
// sending takes. So what was dropped shortly before a series counts as well; that makes an own fault of what may be a
// loss, never a loss of what is our own fault.
const dropsAge = 10 * time.Millisecond

// newSocket begins to listen. The wire is closed by close.
func newSocket(w wire, f family) *socket {
	s := &socket{wire: w, family: f, id: uint16(rand.Uint32()), ended: make(chan struct{}),
		lanes: make(chan int, w.lanes()), ahead: make(chan struct{}, mostAhead),
		buffer: make([]byte, maxPacket), waiting: map[uint64]*series{}}
	s.requests.New = func() any { return new([]byte) }
	for lane := range w.lanes() {
		s.lanes <- lane
	}
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

const (
	// restAfterError keeps an error that lasts from costing a core.
	restAfterError = time.Millisecond
	// While crowd packets come within readPause, they are read once in that time: to be woken by each would take longer
	// than to send it. The time of a round trip is the kernel's and not that of the reading.
	readPause = time.Millisecond
	crowd     = 4
	// readAtOnce bounds what is read in one turn: more than comes of one request, and no more than others can wait for.
	readAtOnce = 64
)

// listen hands out what comes until the wire is closed.
func (s *socket) listen() {
	defer close(s.ended)
	for {
		err := s.wire.await()
		for err == nil {
			var came int
			if came, err = s.read(); came < crowd {
				break
			}
			time.Sleep(readPause)
		}
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil && !s.collect():
			time.Sleep(restAfterError)
		}
	}
}

// read hands out all that has already come. It says how many packets came since the last call, whoever has read them.
func (s *socket) read() (came int, err error) {
	for {
		s.turn.Lock()
		more, err := s.readSome(nil)
		if err != nil || !more {
			came, s.came = s.came, 0
		}
		s.turn.Unlock()
		if err != nil || !more {
			return came, err
		}
	}
}

// readSome hands out what has already come, but not more than others can wait for, and no more than it takes to settle
// a series, if there is one. It tells whether there may be more. Called by who has the turn.
func (s *socket) readSome(w *series) (more bool, err error) {
	for range readAtOnce {
		n, from, at, err := s.wire.poll(s.buffer)
		switch {
		case errors.Is(err, errNothing):
			return false, nil
		case err != nil:
			return false, err
		}
		s.came++
		if done := s.heard(s.buffer[:n], from, at); done != nil && done == w {
			break
		}
	}
	return true, nil
}

// collect hands out the ICMP errors that the kernel keeps, and tells whether there were any.
func (s *socket) collect() (some bool) {
	s.wire.notices(func(n notice) {
		some = true
		s.failed(n)
	})
	return some
}

// heard hands a packet to the series that waits for it, and returns that if it has now heard of all that it has sent.
// Most of what a raw socket hears is for nobody here.
func (s *socket) heard(packet []byte, from netip.Addr, at time.Time) (done *series) {
	if n, ok := s.family.parseNotice(packet, from); ok {
		if s.ours(n.request) {
			s.failed(n)
		}
		return nil
	}
	reply, ok := parseEcho(packet, s.family.reply)
	if !ok || !reply.whole || !s.ours(reply) {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.waiting[reply.token]
	if w == nil || w.to.WithZone("") != from.WithZone("") {
		return nil
	}
	if w.answered(reply.sequence, at); w.settled < len(w.packets) {
		return nil
	}
	return w
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
	if w.began.Sub(s.dropsAt) >= dropsAge {
		s.drops, s.dropsAt = s.wire.drops(), w.began
	}
	w.drops = s.drops
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
