package nettest

import (
	"net"
	"net/netip"
	"testing"

	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// The kernel would throw away what the router says, and tests of outages would be tests of silence.
func TestReportOn(t *testing.T) {
	here, there := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("198.51.100.1")
	here6, there6 := netip.MustParseAddr("2001:db8::5"), netip.MustParseAddr("2001:db8::1")
	reports := map[netip.Addr]Report{there: {Kind: 3, Code: 13, Quote: 28}, there6: {Kind: 1, Code: 3}}
	echo := []byte{8, 0, 0, 0, 0, 7, 0, 1, 'o', 'd', 'd'}

	packet := reportOn(packet4(echo, here, there), reports)
	head, err := icmp.ParseIPv4Header(packet)
	if err != nil || head.Src.String() != Router4 || head.Dst.String() != here.String() || head.TotalLen != len(packet) || checksum(packet[:headSize4]) != 0 {
		t.Fatalf("%v %v", head, err)
	}
	message := packet[headSize4:]
	m, err := icmp.ParseMessage(1, message)
	if err != nil || m.Type != ipv4.ICMPTypeDestinationUnreachable || m.Code != 13 || len(message) != 8+28 || checksum(message) != 0 {
		t.Errorf("%+v %v", m, err)
	}

	packet = reportOn(packet6(echo, here6, there6), reports)
	head6, err := ipv6.ParseHeader(packet)
	if err != nil || head6.Src.String() != Router6 || head6.Dst.String() != here6.String() || head6.PayloadLen != len(packet)-headSize6 {
		t.Fatalf("%v %v", head6, err)
	}
	message = packet[headSize6:]
	m, err = icmp.ParseMessage(58, message)
	if err != nil || m.Type != ipv6.ICMPTypeDestinationUnreachable || m.Code != 3 || len(message) != 8+headSize6+len(echo) {
		t.Fatalf("%+v %v", m, err)
	}
	sent := [2]byte(message[2:])
	message[2], message[3] = 0, 0
	want, _ := m.Marshal(icmp.IPv6PseudoHeader(net.ParseIP(Router6), here6.AsSlice()))
	if sent != [2]byte(want[2:]) {
		t.Errorf("checksum %x, want %x", sent, want[2:4])
	}
	for _, other := range [][]byte{nil, {0x45}, packet4(echo, here, here), packet6(echo, here6, here6)} {
		if got := reportOn(other, reports); got != nil {
			t.Errorf("%x is answered by %x", other, got)
		}
	}
}
