package icmp

import (
	"encoding/binary"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
	"golang.org/x/sys/unix"
)

// report is what the router says of packets to an address.
type report struct {
	kind, code byte
	quote      int // so many bytes of the packet; 0: all
}

// The addresses of the router, and ours on the way to it.
const (
	router4 = "192.0.2.254"
	router6 = "2001:db8::ffff"
	near4   = "192.0.2.1"
)

// startRouter makes this network's way to some addresses lead to a router that answers each packet to them with an
// ICMP error.
func startRouter(t *testing.T, reports map[netip.Addr]report) {
	t.Helper()
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		notPermitted(t, "to open /dev/net/tun", err)
	}
	request, _ := unix.NewIfreq("tun0")
	request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, request); err != nil {
		notPermitted(t, "a network interface of our own", err)
	}
	tun := os.NewFile(uintptr(fd), "tun0")
	setAddress(t, "tun0", near4)
	linkUp(t, "tun0")
	link, err := net.InterfaceByName("tun0")
	if err != nil {
		t.Fatal(err)
	}
	for to := range reports {
		addRoute(t, to, unix.RTN_UNICAST, uint32(link.Index))
	}
	waitForIPv6(t, reports)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for packet := make([]byte, 2048); ; {
			n, err := tun.Read(packet)
			if err != nil {
				return
			}
			if answer := reportOn(packet[:n], reports); answer != nil {
				_, _ = tun.Write(answer)
			}
		}
	}()
	t.Cleanup(func() {
		_ = tun.Close()
		<-done
	})
}

// waitForIPv6 waits until the interface has its own IPv6 address. Until then the kernel sends from the loopback's, to
// which no answer comes.
func waitForIPv6(t *testing.T, reports map[netip.Addr]report) {
	t.Helper()
	for to := range reports {
		for end := time.Now().Add(10 * time.Second); to.Is6(); time.Sleep(10 * time.Millisecond) {
			conn, err := net.Dial("udp", netip.AddrPortFrom(to, 9).String())
			if err == nil {
				_ = conn.Close()
				if !conn.LocalAddr().(*net.UDPAddr).IP.IsLoopback() {
					break
				}
			}
			if time.Now().After(end) {
				t.Fatal("the interface gets no IPv6 address")
			}
		}
	}
}

// reportOn is the router's answer to a packet; nil if there is none.
func reportOn(packet []byte, reports map[netip.Addr]report) []byte {
	v6 := packet[0]>>4 == 6
	var to, from netip.Addr
	if v6 {
		from, to = netip.AddrFrom16([16]byte(packet[8:24])), netip.AddrFrom16([16]byte(packet[24:40]))
	} else {
		from, to = netip.AddrFrom4([4]byte(packet[12:16])), netip.AddrFrom4([4]byte(packet[16:20]))
	}
	r, known := reports[to]
	if !known {
		return nil
	}
	if r.quote > 0 {
		packet = packet[:r.quote]
	}
	body := &icmp.RawBody{Data: append(make([]byte, 4), packet...)}
	if v6 {
		router := netip.MustParseAddr(router6)
		message := icmp.Message{Type: ipv6.ICMPType(r.kind), Code: int(r.code), Body: body}
		payload, _ := message.Marshal(icmp.IPv6PseudoHeader(router.AsSlice(), from.AsSlice()))
		head := binary.BigEndian.AppendUint16([]byte{0x60, 0, 0, 0}, uint16(len(payload)))
		return append(append(append(append(head, 58, 64), router.AsSlice()...), from.AsSlice()...), payload...)
	}
	message := icmp.Message{Type: ipv4.ICMPType(r.kind), Code: int(r.code), Body: body}
	payload, _ := message.Marshal(nil)
	head := binary.BigEndian.AppendUint16([]byte{0x45, 0}, uint16(20+len(payload)))
	head = append(append(append(head, 0, 0, 0, 0, 64, 1, 0, 0), netip.MustParseAddr(router4).AsSlice()...), from.AsSlice()...)
	binary.BigEndian.PutUint16(head[10:], checksum(head))
	return append(head, payload...)
}
