package icmp

import (
	"bytes"
	"net"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/uptimer/uptimer/internal/nettest"
)

// headerOf: on a raw socket we write the IPv4 header, and a host that minds what is in it would answer one kind of socket
// and not the other. What the kernel writes for datagram sockets shows what is right. Seen to fail with other hops.
func headerOf(t *testing.T, datagram bool) {
	const hops, from = 37, "203.0.113.1"
	to := netip.MustParseAddr("203.0.113.77")
	nettest.SetKernel(t, "ipv4/ip_default_ttl", "37")
	defer nettest.SetKernel(t, "ipv4/ip_default_ttl", "64")
	link := nettest.NewLink(t, "tun1", unix.IFF_TUN)
	defer link.Close()
	nettest.SetAddress(t, "tun1", from)
	nettest.LinkUp(t, "tun1")
	made, err := net.InterfaceByName("tun1")
	if err != nil {
		t.Fatal(err)
	}
	nettest.AddRoute(t, to, unix.RTN_UNICAST, made.Index)
	open := openRaw
	if datagram {
		open = openDatagram
	}
	w, err := open(ipv4Family)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.close() }()
	request := ipv4Family.appendRequest(nil, echo{id: 1, sequence: 2, token: 3})
	if err := w.send(request, to); err != nil {
		t.Fatal(err)
	}
	packet := readPacket4(t, link.Read)
	const noOptions, notSplit = 0x45, 0x4000
	size, split := int(packet[2])<<8|int(packet[3]), int(packet[6])<<8|int(packet[7])
	if packet[0] != noOptions || size != len(packet) || split != notSplit || packet[8] != hops || packet[9] != ipv4Family.protocol ||
		checksum(packet[:headerSize4]) != 0 || !bytes.Equal(packet[12:16], netip.MustParseAddr(from).AsSlice()) || !bytes.Equal(packet[16:20], to.AsSlice()) {
		t.Errorf("the header is % x", packet[:headerSize4])
	}
	got, ok := parseEcho(packet[headerSize4:], ipv4Family.request)
	if checksum(packet[headerSize4:]) != 0 || !ok || got.sequence != 2 || got.token != 3 || len(packet) != headerSize4+requestSize {
		t.Errorf("the request is % x", packet[headerSize4:])
	}
}

// readPacket4 is the next IPv4 packet.
func readPacket4(t *testing.T, read func([]byte) (int, error)) []byte {
	t.Helper()
	came := make(chan []byte, 1)
	go func() {
		for packet := make([]byte, maxPacket); ; {
			n, err := read(packet)
			if err != nil {
				return
			}
			if n > headerSize4 && packet[0]>>4 == 4 {
				came <- packet[:n]
				return
			}
		}
	}()
	select {
	case packet := <-came:
		return packet
	case <-time.After(10 * time.Second):
		t.Fatal("no packet was sent")
		return nil
	}
}
