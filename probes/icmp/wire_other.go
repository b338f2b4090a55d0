//go:build !linux

package icmp

import (
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/net/icmp"
)

// plainWire is a socket of a system of which we want nothing special. ICMP errors come to a raw socket as packets;
// that a datagram socket gets none costs the reason: the target is down by timeout.
type plainWire struct {
	conn     *icmp.PacketConn
	datagram bool

	mu     sync.Mutex // for the packet that await has read
	buffer [maxPacket]byte
	size   int
	from   netip.Addr
	at     time.Time
	full   bool // it is for poll
}

func listenPlain(network, address string, datagram bool) (wire, error) {
	conn, err := icmp.ListenPacket(network, address)
	if err != nil {
		return nil, err
	}
	return &plainWire{conn: conn, datagram: datagram}, nil
}

func openRaw(f family) (wire, error) {
	if f.v6() {
		return listenPlain("ip6:ipv6-icmp", f.anywhere, false)
	}
	return listenPlain("ip4:icmp", f.anywhere, false)
}

// lanes is one: package net lets nobody send while another does.
func (w *plainWire) lanes() int { return 1 }

func (w *plainWire) send(_ int, packet []byte, to netip.Addr) error {
	var peer net.Addr = &net.IPAddr{IP: to.AsSlice(), Zone: to.Zone()}
	if w.datagram {
		peer = &net.UDPAddr{IP: to.AsSlice(), Zone: to.Zone()}
	}
	_, err := w.conn.WriteTo(packet, peer)
	return err
}

// await reads a packet for poll: there is no call that serves all these systems and does not wait.
func (w *plainWire) await() error {
	n, from, err := w.conn.ReadFrom(w.buffer[:])
	w.mu.Lock()
	defer w.mu.Unlock()
	w.size, w.from, w.at, w.full = n, addrOf(from), time.Now(), err == nil
	return err
}

func (w *plainWire) poll(buffer []byte) (n int, from netip.Addr, at time.Time, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.full {
		return 0, from, at, errNothing
	}
	w.full = false
	return copy(buffer, w.buffer[:w.size]), w.from, w.at, nil
}

func (w *plainWire) drops() uint32 { return 0 }

func (w *plainWire) notices(func(notice)) bool { return false }

func (w *plainWire) private() bool { return w.datagram }

func (w *plainWire) close() error { return w.conn.Close() }

// addrOf is the address of a peer as package net has it.
func addrOf(peer net.Addr) (addr netip.Addr) {
	switch a := peer.(type) {
	case *net.UDPAddr:
		addr = a.AddrPort().Addr()
	case *net.IPAddr:
		addr, _ = netip.AddrFromSlice(a.IP)
		addr = addr.WithZone(a.Zone)
	}
	return addr.Unmap()
}
