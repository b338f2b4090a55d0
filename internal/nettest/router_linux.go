package nettest

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The addresses that the router of StartRouter speaks from, and ours on the way to it.
const (
	Router4 = "192.0.2.254"
	Router6 = "2001:db8::ffff"
	near4   = "192.0.2.1"
)

// Report is what a router says of packets to an address.
type Report struct {
	Kind, Code byte // of the ICMP message, or of the ICMPv6 message if the address is one of IPv6
	Quote      int  // so many bytes of the packet are quoted; 0: all
}

// StartRouter makes this network's way to some addresses lead to a router that answers each packet to them with an
// ICMP error, until the test ends. The network must be one of our own, see InOwnNetwork; there can be one router.
func StartRouter(t testing.TB, reports map[netip.Addr]Report) {
	t.Helper()
	tun := NewLink(t, "tun0", unix.IFF_TUN)
	SetAddress(t, "tun0", near4)
	LinkUp(t, "tun0")
	link, err := net.InterfaceByName("tun0")
	if err != nil {
		t.Fatal(err)
	}
	for to := range reports {
		AddRoute(t, to, unix.RTN_UNICAST, link.Index)
	}
	for to := range reports {
		if to.Is6() {
			waitForIPv6(t, to)
		}
	}
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
	t.Cleanup(func() { tun.Close(); <-done })
}

// waitForIPv6 waits until the interface has its own IPv6 address. Until then the kernel sends from the loopback's, to
// which no answer comes.
func waitForIPv6(t testing.TB, to netip.Addr) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		conn, err := net.Dial("udp", netip.AddrPortFrom(to, 9).String())
		if err != nil {
			continue
		}
		conn.Close()
		if !conn.LocalAddr().(*net.UDPAddr).IP.IsLoopback() {
			return
		}
	}
	t.Fatal("the interface gets no IPv6 address")
}
