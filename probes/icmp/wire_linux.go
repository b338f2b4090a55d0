package icmp

import (
	"net"
	"net/netip"
	"os"
	"strconv"
	"sync"
	"syscall"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
	"golang.org/x/sys/unix"
)

// linuxWire is a datagram or a raw socket. It is opened here and not by x/net/icmp, which does not lend out the
// descriptor that the error queue is read from.
type linuxWire struct {
	conn     net.PacketConn
	raw      syscall.RawConn
	datagram bool

	queue sync.Mutex // held while the error queue is emptied
}

// buffers is how much the kernel is asked to hold of packets that we have not read, and of packets that it has not
// sent (those to hosts of the own network segment that do not answer lie there for seconds). It gives less if its
// limits say so.
const buffers = 8 << 20

// openDatagram opens an unprivileged socket. The kernel gives it an id of its own and only packets with that.
func openDatagram(f family) (wire, error) {
	domain, protocol, level, option := unix.AF_INET, unix.IPPROTO_ICMP, unix.SOL_IP, unix.IP_RECVERR
	var anywhere unix.Sockaddr = &unix.SockaddrInet4{}
	if f.v6() {
		domain, protocol, level, option = unix.AF_INET6, unix.IPPROTO_ICMPV6, unix.SOL_IPV6, unix.IPV6_RECVERR
		anywhere = &unix.SockaddrInet6{}
	}
	fd, err := unix.Socket(domain, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, protocol)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	file := os.NewFile(uintptr(fd), "icmp")
	defer func() { _ = file.Close() }() // FilePacketConn has its own
	if err := unix.SetsockoptInt(fd, level, option, 1); err != nil {
		return nil, os.NewSyscallError("setsockopt", err)
	}
	if err := unix.Bind(fd, anywhere); err != nil {
		return nil, os.NewSyscallError("bind", err)
	}
	conn, err := net.FilePacketConn(file)
	if err != nil {
		return nil, err
	}
	return newLinuxWire(conn, true)
}

// openRaw opens a privileged socket, which hears what every process of this machine is answered. The kernel is asked
// to keep other messages away.
func openRaw(f family) (wire, error) {
	network := "ip4:1"
	if f.v6() {
		network = "ip6:58"
	}
	conn, err := net.ListenPacket(network, f.anywhere)
	if err != nil {
		return nil, err
	}
	// Without a filter it would work too, at a higher price.
	if f.v6() {
		var filter ipv6.ICMPFilter
		filter.SetAll(true)
		for _, kind := range []ipv6.ICMPType{ipv6.ICMPTypeEchoReply, ipv6.ICMPTypeDestinationUnreachable,
			ipv6.ICMPTypePacketTooBig, ipv6.ICMPTypeTimeExceeded, ipv6.ICMPTypeParameterProblem} {
			filter.Accept(kind)
		}
		_ = ipv6.NewPacketConn(conn).SetICMPFilter(&filter)
	} else {
		var filter ipv4.ICMPFilter
		filter.SetAll(true)
		for _, kind := range []ipv4.ICMPType{ipv4.ICMPTypeEchoReply, ipv4.ICMPTypeDestinationUnreachable,
			ipv4.ICMPTypeTimeExceeded, ipv4.ICMPTypeParameterProblem} {
			filter.Accept(kind)
		}
		_ = ipv4.NewPacketConn(conn).SetICMPFilter(&filter)
	}
	return newLinuxWire(conn, false)
}

func newLinuxWire(conn net.PacketConn, datagram bool) (wire, error) {
	raw, err := conn.(syscall.Conn).SyscallConn()
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	_ = raw.Control(func(fd uintptr) {
		for forced, usual := range map[int]int{unix.SO_RCVBUFFORCE: unix.SO_RCVBUF, unix.SO_SNDBUFFORCE: unix.SO_SNDBUF} {
			if unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, forced, buffers) != nil {
				_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, usual, buffers)
			}
		}
	})
	return &linuxWire{conn: conn, raw: raw, datagram: datagram}, nil
}

// send does not wait for room in the send buffer as package net does.
func (w *linuxWire) send(packet []byte, to netip.Addr) (err error) {
	sockaddr := sockaddrOf(to)
	controlErr := w.raw.Control(func(fd uintptr) {
		err = unix.Sendto(int(fd), packet, unix.MSG_DONTWAIT, sockaddr)
	})
	switch {
	case controlErr != nil:
		return controlErr
	case err == unix.EAGAIN:
		return errFull
	}
	return os.NewSyscallError("sendto", err)
}

func sockaddrOf(to netip.Addr) unix.Sockaddr {
	if to.Is4() {
		return &unix.SockaddrInet4{Addr: to.As4()}
	}
	return &unix.SockaddrInet6{Addr: to.As16(), ZoneId: zoneID(to.Zone())}
}

// zoneID is the number of an interface; 0, which stands for none, if there is no such interface.
func zoneID(zone string) uint32 {
	if zone == "" {
		return 0
	}
	if link, err := net.InterfaceByName(zone); err == nil {
		return uint32(link.Index)
	}
	id, _ := strconv.ParseUint(zone, 10, 32)
	return uint32(id)
}

func (w *linuxWire) receive(buffer []byte) (int, netip.Addr, error) {
	n, from, err := w.conn.ReadFrom(buffer)
	return n, addrOf(from), err
}

func (w *linuxWire) private() bool { return w.datagram }

func (w *linuxWire) close() error { return w.conn.Close() }
