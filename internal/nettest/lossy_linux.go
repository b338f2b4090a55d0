package nettest

import (
	"encoding/binary"
	"net"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The flags of a TCP segment.
const (
	flagSYN = 0x02
	flagPSH = 0x08
	flagACK = 0x10
)

// StartLossyServer makes a TCP server at every port of the address. What it answers to the first segment with data comes
// in two halves, and the first of them is lost: it comes again after a while, long after the second. There is no more to
// it. The network must be one of our own, see InOwnNetwork; there can be one such server.
func StartLossyServer(t testing.TB, address netip.Addr, lost, rest string, while time.Duration) {
	t.Helper()
	tun := NewLink(t, "tun1", unix.IFF_TUN)
	SetAddress(t, "tun1", address.Prev().String())
	LinkUp(t, "tun1")
	link, err := net.InterfaceByName("tun1")
	if err != nil {
		t.Fatal(err)
	}
	AddRoute(t, address, unix.RTN_UNICAST, link.Index)
	send := func(packet []byte) { _, _ = tun.Write(packet) }
	const first = 1000 // sequence number
	done := make(chan struct{})
	go func() {
		defer close(done)
		for packet := make([]byte, 2048); ; {
			n, err := tun.Read(packet)
			if err != nil {
				return
			}
			from, to, ok := ends(packet[:n])
			if !ok || to != address || n < 2*headSize4 || packet[9] != unix.IPPROTO_TCP {
				continue
			}
			s := segment(append([]byte(nil), packet[headSize4:n]...))
			switch data := len(s) - int(s[12]>>4)*4; {
			case s[13]&flagSYN != 0:
				send(s.answer(to, from, flagSYN|flagACK, first, 1, ""))
			case data > 0:
				send(s.answer(to, from, flagPSH|flagACK, first+1+uint32(len(lost)), uint32(data), rest))
				time.AfterFunc(while, func() { send(s.answer(to, from, flagPSH|flagACK, first+1, uint32(data), lost)) })
			}
		}
	}()
	t.Cleanup(func() { tun.Close(); <-done })
}

// segment is a TCP segment.
type segment []byte

// answer is a packet with the answer to a segment, which acknowledges so much of it.
func (s segment) answer(from, to netip.Addr, flags byte, sequence, taken uint32, data string) []byte {
	b := append(append([]byte{}, s[2:4]...), s[0:2]...)
	b = binary.BigEndian.AppendUint32(b, sequence)
	b = binary.BigEndian.AppendUint32(b, binary.BigEndian.Uint32(s[4:])+taken)
	b = append(b, 5<<4, flags, 0xf0, 0, 0, 0, 0, 0)
	b = append(b, data...)
	pseudo := append(append(from.AsSlice(), to.AsSlice()...), 0, unix.IPPROTO_TCP)
	pseudo = append(binary.BigEndian.AppendUint16(pseudo, uint16(len(b))), b...)
	binary.BigEndian.PutUint16(b[16:], checksum(pseudo))
	return withHead4(unix.IPPROTO_TCP, b, from, to)
}
