package icmp

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// mostLanes bounds how many sockets a raw wire sends from: the kernel asks each of them about every ICMP packet that comes
// to this machine.
const mostLanes = 4

// addLanes opens more sockets to send from, one for each processor. While it makes a packet the kernel locks the socket,
// and whoever sends from the same one meanwhile is put to sleep and woken again, which takes as long as to send. They
// hear nothing. A datagram socket cannot have any: the answers would come to them.
func (w *linuxWire) addLanes(domain int, f family) {
	for len(w.out) < min(runtime.GOMAXPROCS(0), mostLanes) {
		fd, err := unix.Socket(domain, unix.SOCK_RAW|unix.SOCK_CLOEXEC, int(f.protocol))
		if err != nil {
			return // it works with fewer, too
		}
		w.out = append(w.out, fd)
		hearOnly(fd, f)
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 0) // the least there is
		enlarge(fd, unix.SO_SNDBUFFORCE, unix.SO_SNDBUF)
	}
}

func (w *linuxWire) lanes() int { return len(w.out) }

// hearOnly asks the kernel to keep all messages but those of some kinds away from a raw socket.
func hearOnly(fd int, f family, kinds ...byte) {
	if f.v6() {
		var filter unix.ICMPv6Filter // a bit is set for what is kept away
		for i := range filter.Data {
			filter.Data[i] = ^uint32(0)
		}
		for _, kind := range kinds {
			filter.Data[kind/32] &^= 1 << (kind % 32)
		}
		_ = unix.SetsockoptICMPv6Filter(fd, unix.SOL_ICMPV6, icmpv6Filter, &filter)
		return
	}
	filter := ^uint32(0)
	for _, kind := range kinds {
		filter &^= 1 << kind
	}
	_ = unix.SetsockoptInt(fd, unix.SOL_RAW, icmpFilter, int(int32(filter)))
}

// The socket options of linux/icmp.h and linux/icmpv6.h.
const (
	icmpFilter   = 1
	icmpv6Filter = 1
)
