package icmp

import (
	"encoding/binary"
	"net/netip"
)

// family is the numbers that ICMP has in one of the two versions of IP.
type family struct {
	name        string
	protocol    byte // in the IP header
	request     byte
	reply       byte
	unreachable byte
	tooBig      byte // IPv6 alone
	exceeded    byte
	problem     byte
	anywhere    string // the address that means all of ours
}

// The two families. Zero is a type that neither of them has a use for as an error.
var (
	ipv4Family = family{name: "IPv4", protocol: 1, request: 8, reply: 0, unreachable: 3, exceeded: 11, problem: 12, anywhere: "0.0.0.0"}
	ipv6Family = family{name: "IPv6", protocol: 58, request: 128, reply: 129, unreachable: 1, tooBig: 2, exceeded: 3, problem: 4, anywhere: "::"}
)

func (f family) v6() bool { return f.protocol == ipv6Family.protocol }

// isError tells whether a type of message says that a packet did not arrive.
func (f family) isError(kind byte) bool {
	return kind != 0 && (kind == f.unreachable || kind == f.tooBig || kind == f.exceeded || kind == f.problem)
}

// An echo request is its header, the token, and a word on who sent it, for who looks at the network.
const (
	headerSize = 8
	tokenSize  = 8
	signature  = "github.com/uptimer/uptimer"
)

// echo is what identifies an echo request: in its reply, and in an error that quotes it.
type echo struct {
	id       uint16 // of the socket; the kernel puts its own on datagram sockets
	sequence uint16
	token    uint64
	whole    bool // the token is there; an error may quote no more than the header
}

// appendRequest writes the echo request of a token and a sequence number.
func (f family) appendRequest(out []byte, e echo) []byte {
	start := len(out)
	out = append(out, f.request, 0, 0, 0)
	out = binary.BigEndian.AppendUint16(out, e.id)
	out = binary.BigEndian.AppendUint16(out, e.sequence)
	out = binary.BigEndian.AppendUint64(out, e.token)
	out = append(out, signature...)
	if !f.v6() { // in IPv6 the addresses belong to the sum, which the kernel knows
		binary.BigEndian.PutUint16(out[start+2:], checksum(out[start:]))
	}
	return out
}

// checksum is that of the Internet's protocols (RFC 1071).
func checksum(data []byte) uint16 {
	var sum uint32
	for ; len(data) >= 2; data = data[2:] {
		sum += uint32(binary.BigEndian.Uint16(data))
	}
	if len(data) == 1 {
		sum += uint32(data[0]) << 8
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// parseEcho reads an echo message of a type.
func parseEcho(packet []byte, kind byte) (e echo, ok bool) {
	if len(packet) < headerSize || packet[0] != kind || packet[1] != 0 {
		return e, false
	}
	e.id = binary.BigEndian.Uint16(packet[4:])
	e.sequence = binary.BigEndian.Uint16(packet[6:])
	if e.whole = len(packet) >= headerSize+tokenSize; e.whole {
		e.token = binary.BigEndian.Uint64(packet[headerSize:])
	}
	return e, true
}

// notice is an ICMP error that quotes an echo request.
type notice struct {
	kind, code byte
	request    echo
	to         netip.Addr // where the request was to go
	from       netip.Addr // who says so; the zero Addr if that is not known
}

// parseNotice reads an ICMP error and the echo request that it quotes.
func (f family) parseNotice(packet []byte, from netip.Addr) (n notice, ok bool) {
	if len(packet) < headerSize || !f.isError(packet[0]) {
		return n, false
	}
	n = notice{kind: packet[0], code: packet[1], from: from}
	var request []byte
	if n.to, request, ok = f.cutIPHeader(packet[headerSize:]); !ok {
		return n, false
	}
	n.request, ok = parseEcho(request, f.request)
	return n, ok
}

// cutIPHeader takes the header off an IP packet that holds ICMP. Ours have no IPv6 extension headers.
func (f family) cutIPHeader(packet []byte) (to netip.Addr, payload []byte, ok bool) {
	if f.v6() {
		if len(packet) < 40 || packet[0]>>4 != 6 || packet[6] != f.protocol {
			return to, nil, false
		}
		return netip.AddrFrom16([16]byte(packet[24:40])), packet[40:], true
	}
	if len(packet) < 20 || packet[0]>>4 != 4 || packet[9] != f.protocol {
		return to, nil, false
	}
	size := int(packet[0]&15) * 4
	if size < 20 || len(packet) < size {
		return to, nil, false
	}
	return netip.AddrFrom4([4]byte(packet[16:20])), packet[size:], true
}
