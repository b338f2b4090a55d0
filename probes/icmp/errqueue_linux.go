package icmp

import (
	"encoding/binary"
	"net/netip"

	"golang.org/x/sys/unix"
)

// notices empties the error queue, in which the kernel keeps the ICMP errors that came for a datagram socket. Until it
// is empty, the errors in it also come out of other calls (see socket.send); so nobody else may be half-way through.
func (w *linuxWire) notices(each func(notice)) bool {
	if !w.datagram {
		return false
	}
	w.queue.Lock()
	defer w.queue.Unlock()
	_ = w.raw.Control(func(fd uintptr) {
		var quoted [64]byte
		var control [128]byte
		for {
			n, m, _, to, err := unix.Recvmsg(int(fd), quoted[:], control[:], unix.MSG_ERRQUEUE|unix.MSG_DONTWAIT)
			if err == unix.EINTR {
				continue
			}
			if err != nil {
				return
			}
			if found, ok := parseQueued(quoted[:n], control[:m], to); ok {
				each(found)
			}
		}
	})
	return true
}

// parseQueued reads an entry of the error queue: the echo request from its ICMP header on, where it was to go, and in
// a control message what was said by whom.
func parseQueued(quoted, control []byte, to unix.Sockaddr) (n notice, ok bool) {
	f := ipv4Family
	switch a := to.(type) {
	case *unix.SockaddrInet4:
		n.to = netip.AddrFrom4(a.Addr)
	case *unix.SockaddrInet6:
		f, n.to = ipv6Family, netip.AddrFrom16(a.Addr)
	default:
		return n, false
	}
	if n.request, ok = parseEcho(quoted, f.request); !ok {
		return n, false
	}
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil {
		return n, false
	}
	for _, m := range messages {
		if m.Header.Level == unix.SOL_IP && m.Header.Type == unix.IP_RECVERR || m.Header.Level == unix.SOL_IPV6 && m.Header.Type == unix.IPV6_RECVERR {
			return n, n.readExtended(m.Data, f)
		}
	}
	return n, false
}

// The layout of struct sock_extended_err, and of the socket address of the offender that follows it.
const (
	extendedOrigin = 4
	extendedKind   = 5
	extendedCode   = 6
	extendedSize   = 16
	offender4      = extendedSize + 4
	offender6      = extendedSize + 8
)

// readExtended reads what was said by whom, and tells whether it is an ICMP error.
func (n *notice) readExtended(data []byte, f family) bool {
	if len(data) < extendedSize || data[extendedOrigin] != unix.SO_EE_ORIGIN_ICMP && data[extendedOrigin] != unix.SO_EE_ORIGIN_ICMP6 {
		return false
	}
	n.kind, n.code = data[extendedKind], data[extendedCode]
	if len(data) >= extendedSize+2 {
		switch kin := binary.NativeEndian.Uint16(data[extendedSize:]); {
		case kin == unix.AF_INET && len(data) >= offender4+4:
			n.from = netip.AddrFrom4([4]byte(data[offender4:]))
		case kin == unix.AF_INET6 && len(data) >= offender6+16:
			n.from = netip.AddrFrom16([16]byte(data[offender6:]))
		}
	}
	return f.isError(n.kind)
}
