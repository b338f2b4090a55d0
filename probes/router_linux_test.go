package probes

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

// A network that a router or a firewall far away does not let through would be taken for our own trouble, and the
// outage be lost: the numbers of the errors are the same. Seen to fail when the route is not asked for.
func TestRouterAnswersAreOutages(t *testing.T) { inOwnNetwork(t, "TestChildRouterAnswers", "router") }

// TestChildRouterAnswers is the child of TestRouterAnswersAreOutages.
func TestChildRouterAnswers(t *testing.T) {
	if childTask() == "" {
		return
	}
	linkUp(t, "lo")
	startRouter(t, "192.0.2.1", map[string]uint8{
		"198.51.100.1": 0,  // network unreachable
		"198.51.100.2": 1,  // host unreachable
		"198.51.100.3": 13, // prohibited by an administrator
		"2001:db8::1":  0,  // no route
		"2001:db8::2":  1,  // prohibited by an administrator
		"2001:db8::3":  3,  // address unreachable
	})
	waitForIPv6(t)
	for remote, want := range map[string]string{
		"198.51.100.1:9":  "network unreachable, says a router on the way",
		"198.51.100.2:9":  "host unreachable",
		"198.51.100.3:9":  "host unreachable",
		"[2001:db8::1]:9": "network unreachable, says a router on the way",
		"[2001:db8::2]:9": "prohibited, says a firewall on the way",
		"[2001:db8::3]:9": "host unreachable",
	} {
		wantFailure(t, dialing(t, remote), Failure{Unreachable, "connecting to " + remote + ": " + want, false})
	}
}

// waitForIPv6 waits until the interface has its own IPv6 address. Until then the kernel sends from the loopback's, to
// which no answer comes.
func waitForIPv6(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		conn, err := net.Dial("udp", "[2001:db8::1]:9")
		if err != nil {
			continue
		}
		_ = conn.Close()
		if !conn.LocalAddr().(*net.UDPAddr).IP.IsLoopback() {
			return
		}
	}
	t.Fatal("the interface gets no IPv6 address")
}

// startRouter makes this network's way to some addresses lead to a router that answers each packet to them with an
// ICMP "destination unreachable" of that code. local is our own IPv4 address on the way.
func startRouter(t *testing.T, local string, codes map[string]uint8) {
	t.Helper()
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Skip("this machine has no /dev/net/tun for us: " + err.Error())
	}
	request, _ := unix.NewIfreq("tun0")
	request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, request); err != nil {
		t.Skip("this machine does not permit a network interface of our own: " + err.Error())
	}
	tun := os.NewFile(uintptr(fd), "tun0")
	setAddress(t, "tun0", local)
	linkUp(t, "tun0")
	link, err := net.InterfaceByName("tun0")
	if err != nil {
		t.Fatal(err)
	}
	for to := range codes {
		addRoute(t, to, unix.RTN_UNICAST, uint32(link.Index))
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for packet := make([]byte, 2048); ; {
			n, err := tun.Read(packet)
			if err != nil {
				return
			}
			if answer := unreachableFor(packet[:n], codes); answer != nil {
				_, _ = tun.Write(answer)
			}
		}
	}()
	t.Cleanup(func() {
		_ = tun.Close()
		<-done
	})
}

func setAddress(t *testing.T, name, addr string) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	request, _ := unix.NewIfreq(name)
	if err := request.SetInet4Addr(netip.MustParseAddr(addr).AsSlice()); err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFADDR, request); err != nil {
		t.Fatal(err)
	}
}

// unreachableFor is the answer to a packet, which the destination itself seems to send; nil if there is none.
func unreachableFor(packet []byte, codes map[string]uint8) []byte {
	body := &icmp.DstUnreach{Data: packet}
	if packet[0]>>4 == 6 {
		from, to := net.IP(packet[8:24]), net.IP(packet[24:40])
		code, known := codes[to.String()]
		if !known {
			return nil
		}
		message := icmp.Message{Type: ipv6.ICMPTypeDestinationUnreachable, Code: int(code), Body: body}
		payload, _ := message.Marshal(icmp.IPv6PseudoHeader(to, from))
		head := binary.BigEndian.AppendUint16([]byte{0x60, 0, 0, 0}, uint16(len(payload)))
		head = append(append(append(head, 58, 64), to...), from...)
		return append(head, payload...)
	}
	from, to := packet[12:16], packet[16:20]
	code, known := codes[net.IP(to).String()]
	if !known {
		return nil
	}
	message := icmp.Message{Type: ipv4.ICMPTypeDestinationUnreachable, Code: int(code), Body: body}
	payload, _ := message.Marshal(nil)
	head := binary.BigEndian.AppendUint16([]byte{0x45, 0}, uint16(20+len(payload)))
	head = append(append(append(head, 0, 0, 0, 0, 64, 1, 0, 0), to...), from...)
	sum := uint32(0)
	for i := 0; i < len(head); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(head[i:]))
	}
	binary.BigEndian.PutUint16(head[10:], ^uint16(sum>>16+sum&0xffff))
	return append(head, payload...)
}
