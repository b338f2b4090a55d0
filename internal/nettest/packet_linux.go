package nettest

import (
	"encoding/binary"
	"net/netip"

	"golang.org/x/sys/unix"
)

// The sizes of headers without options.
const (
	headSize4 = 20
	headSize6 = 40
)

// hopLimit is how far a router's packets may go.
const hopLimit = 64

// reportOn is the router's answer to a packet, nil if there is none.
func reportOn(packet []byte, reports map[netip.Addr]Report) []byte {
	from, to, ok := ends(packet)
	r, known := reports[to]
	if !ok || !known {
		return nil
	}
	if r.Quote > 0 {
		packet = packet[:min(r.Quote, len(packet))]
	}
	message := append([]byte{r.Kind, r.Code, 0, 0, 0, 0, 0, 0}, packet...)
	if to.Is6() {
		return packet6(message, netip.MustParseAddr(Router6), from)
	}
	return packet4(message, netip.MustParseAddr(Router4), from)
}

// ends are the addresses that a packet is from and to.
func ends(packet []byte) (from, to netip.Addr, ok bool) {
	switch {
	case len(packet) >= headSize4 && packet[0]>>4 == 4:
		return netip.AddrFrom4([4]byte(packet[12:])), netip.AddrFrom4([4]byte(packet[16:])), true
	case len(packet) >= headSize6 && packet[0]>>4 == 6:
		return netip.AddrFrom16([16]byte(packet[8:])), netip.AddrFrom16([16]byte(packet[24:])), true
	}
	return from, to, false
}

func packet4(message []byte, from, to netip.Addr) []byte {
	binary.BigEndian.PutUint16(message[2:], checksum(message))
	return withHead4(unix.IPPROTO_ICMP, message, from, to)
}

func withHead4(protocol byte, message []byte, from, to netip.Addr) []byte {
	head := binary.BigEndian.AppendUint16([]byte{0x45, 0}, uint16(headSize4+len(message)))
	head = append(head, 0, 0, 0, 0, hopLimit, protocol, 0, 0)
	head = append(append(head, from.AsSlice()...), to.AsSlice()...)
	binary.BigEndian.PutUint16(head[10:], checksum(head))
	return append(head, message...)
}

func packet6(message []byte, from, to netip.Addr) []byte {
	addresses := append(from.AsSlice(), to.AsSlice()...)
	pseudo := binary.BigEndian.AppendUint32(addresses, uint32(len(message)))
	pseudo = append(append(pseudo, 0, 0, 0, unix.IPPROTO_ICMPV6), message...)
	binary.BigEndian.PutUint16(message[2:], checksum(pseudo))
	head := binary.BigEndian.AppendUint16([]byte{0x60, 0, 0, 0}, uint16(len(message)))
	head = append(append(head, unix.IPPROTO_ICMPV6, hopLimit), addresses...)
	return append(head, message...)
}

// checksum is the Internet's, of RFC 1071.
func checksum(b []byte) uint16 {
	sum := uint32(0)
	for i, octet := range b {
		sum += uint32(octet) << (8 * (1 - i&1))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}
