package icmp

import (
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/uptimer/uptimer/probes"
	"github.com/uptimer/uptimer/probes/probestest"
	"github.com/uptimer/uptimer/targets"
)

// fakeWire is a network whose time is that of a synctest bubble: each request is given to answer, with its number.
type fakeWire struct {
	answer func(w *fakeWire, n int, request []byte, to netip.Addr) error
	in     chan arrival
	closed chan struct{}

	dropped atomic.Uint32 // as if the kernel had no room for so many

	mu   sync.Mutex
	sent []time.Time
	come []arrival // for poll
}

type arrival struct {
	packet []byte
	from   netip.Addr
	at     time.Time
}

func (w *fakeWire) lanes() int { return 2 }

func (w *fakeWire) send(_ int, packet []byte, to netip.Addr) error {
	w.mu.Lock()
	w.sent = append(w.sent, time.Now())
	n := len(w.sent) - 1
	w.mu.Unlock()
	return w.answer(w, n, packet, to)
}

func (w *fakeWire) await() error {
	select {
	case a := <-w.in:
		a.at = time.Now()
		w.arrives(a)
		return nil
	case <-w.closed:
		return net.ErrClosed
	}
}

// arrives is a packet that poll can read.
func (w *fakeWire) arrives(a arrival) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.come = append(w.come, a)
}

func (w *fakeWire) poll(buffer []byte) (int, netip.Addr, time.Time, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.come) == 0 {
		return 0, netip.Addr{}, time.Time{}, errNothing
	}
	a := w.come[0]
	w.come = w.come[1:]
	return copy(buffer, a.packet), a.from, a.at, nil
}

func (w *fakeWire) drops() uint32 { return w.dropped.Load() }

func (w *fakeWire) notices(func(notice)) bool { return false }

func (w *fakeWire) private() bool { return false }

func (w *fakeWire) close() error {
	close(w.closed)
	return nil
}

// after makes a packet arrive.
func (w *fakeWire) after(d time.Duration, packet []byte, from netip.Addr) {
	time.AfterFunc(d, func() {
		select {
		case w.in <- arrival{packet: packet, from: from}:
		case <-w.closed:
		}
	})
}

// replyTo is the answer to a request.
func replyTo(request []byte) []byte {
	reply := append([]byte(nil), request...)
	reply[0] = ipv4Family.reply
	return reply
}

// quoting is an IPv4 error that quotes so many bytes of a request, which went to an address.
func quoting(kind, code byte, request []byte, to netip.Addr, size int) []byte {
	head := make([]byte, 20, 20+len(request))
	head[0], head[9] = 0x45, ipv4Family.protocol
	copy(head[16:], to.AsSlice())
	return append([]byte{kind, code, 0, 0, 0, 0, 0, 0}, append(head, request[:size]...)...)
}

// fakeProbe is a probe whose IPv4 packets go to a fakeWire.
func fakeProbe(t *testing.T, answer func(w *fakeWire, n int, request []byte, to netip.Addr) error) (*Probe, *fakeWire) {
	t.Helper()
	p, err := New(Config{Count: 1})
	if err != nil {
		t.Fatal(err)
	}
	w := &fakeWire{answer: answer, in: make(chan arrival), closed: make(chan struct{})}
	p.ways[0].socket.Store(newSocket(w, ipv4Family))
	return p, w
}

// fakeCheck runs one check of count packets against a fakeWire, in a synctest bubble, and says how long it took.
func fakeCheck(t *testing.T, o targets.Options, answer func(w *fakeWire, n int, request []byte, to netip.Addr) error) (r probes.Result, d Details, took time.Duration, w *fakeWire) {
	t.Helper()
	p, w := fakeProbe(t, answer)
	defer p.Close()
	began := time.Now()
	r, d = runFor(t, 9*time.Second, probestest.Prepare(t, p, "icmp://192.0.2.7", o))
	took = time.Since(began)
	if s := p.ways[0].socket.Load(); len(s.waiting) != 0 {
		t.Error("the socket still waits for answers to a check that has ended")
	}
	return r, d, took, w
}
