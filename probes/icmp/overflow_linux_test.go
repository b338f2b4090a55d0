package icmp

import (
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/uptimer/uptimer/internal/nettest"
)

// On a machine that gives sockets little memory, as most do, hosts that are up would not have answered when many are
// checked at once. Seen to fail, by hundreds of own faults, when sendAndRead does not read, and with the race detector when
// nothing bounds how many send before they read.
func TestLittleMemoryForAnswers(t *testing.T) {
	for _, kind := range []string{"datagram", "raw"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			nettest.InOwnNetwork(t, "TestChildLittleMemory", "little memory, "+kind)
		})
	}
}

// TestChildLittleMemory is the child of TestLittleMemoryForAnswers.
func TestChildLittleMemory(t *testing.T) {
	datagram := nettest.Task() == "little memory, datagram"
	if !datagram && nettest.Task() != "little memory, raw" {
		return
	}
	nettest.LinkUp(t, "lo")
	permit(t, datagram)
	p := probeWith(t)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	setReceiveBuffer(t, p.ways[0].socket.Load().wire, 16<<10)
	thousandAtOnce(t, p)
	dropsAreCounted(t, datagram)
}

// dropsAreCounted: answers that the kernel had no room for would be taken for packets that were lost on the way.
func dropsAreCounted(t *testing.T, datagram bool) {
	open := openRaw
	if datagram {
		open = openDatagram
	}
	w, err := open(ipv4Family)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.close() }()
	setReceiveBuffer(t, w, 1) // as small as it gets
	if n := w.drops(); n != 0 {
		t.Errorf("%d drops before anything was sent", n)
	}
	for i := range uint16(100) {
		request := ipv4Family.appendRequest(nil, echo{id: 1, sequence: i})
		if err := w.send(0, request, netip.MustParseAddr("127.0.0.1")); err != nil {
			t.Fatal(err)
		}
	}
	if n := w.drops(); n < 50 || n > 200 { // a raw socket that is full drops requests too, before it filters them
		t.Errorf("%d drops of 100 answers", n)
	}
}

func setReceiveBuffer(t *testing.T, w wire, size int) {
	t.Helper()
	err := w.(*linuxWire).raw.Control(func(fd uintptr) {
		if err := unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, size); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}
