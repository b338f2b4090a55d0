//go:build !linux

package icmp

import (
	"net"
	"net/netip"

	"golang.org/x/net/icmp"
)

// plainWire is a socket of a system of which we want nothing special. ICMP errors come to a raw socket as packets;
// that a datagram socket gets none costs the reason: the target is down by timeout.
type plainWire struct {
	conn     *icmp.PacketConn
	datagram bool
}

func listenPlain(network, address string, datagram bool) (wire, error) {
	conn, err := icmp.ListenPacket(network, address)
	if err != nil {
		return nil, err
	}
	return &plainWire{conn, datagram}, nil
}

func openRaw(f family) (wire, error) {
	if f.v6() {
		return listenPlain("ip6:ipv6-icmp", f.anywhere, false)
	}
	return listenPlain("ip4:icmp", f.anywhere, false)
}

func (w *plainWire) send(packet []byte, to netip.Addr) error {
	var peer net.Addr = &net.IPAddr{IP: to.AsSlice(), Zone: to.Zone()}
	if w.datagram {
		peer = &net.UDPAddr{IP: to.AsSlice(), Zone: to.Zone()}
	}
	_, err := w.conn.WriteTo(packet, peer)
	return err
}

func (w *plainWire) receive(buffer []byte) (int, netip.Addr, error) {
	n, from, err := w.conn.ReadFrom(buffer)
	return n, addrOf(from), err
}

// poll leaves all to receive: there is no call for it that serves all these systems.
func (w *plainWire) poll([]byte) (int, netip.Addr, error) { return 0, netip.Addr{}, errNothing }

func (w *plainWire) drops() uint32 { return 0 }

func (w *plainWire) notices(func(notice)) bool { return false }

func (w *plainWire) private() bool { return w.datagram }

func (w *plainWire) close() error { return w.conn.Close() }
