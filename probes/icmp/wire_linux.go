package icmp

import (
	"errors"
	"math"
	"net"
	"os"
	"strconv"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// linuxWire is a datagram or a raw socket. It is opened here and not by package net, whose poller would be woken by
// each packet.
type linuxWire struct {
	file     *os.File
	raw      syscall.RawConn
	gate     *gate
	datagram bool
	hops     byte // that an IPv4 packet may take; 0: the kernel writes its header

	queue sync.Mutex // held while the error queue is emptied

	using  sync.RWMutex // held by those who send or read, who need no more of package os then, and alone by who closes
	fd     uintptr
	closed bool

	in incoming // for who has the turn
}

// buffers is how much the kernel is asked to hold of packets that we have not read, and of packets that it has not
// sent (those to hosts of the own network segment that do not answer lie there for seconds). It gives less if its
// limits say so.
const buffers = 8 << 20

// openDatagram opens an unprivileged socket. The kernel gives it an id of its own and only packets with that.
func openDatagram(f family) (wire, error) {
	level, option := unix.SOL_IP, unix.IP_RECVERR
	var anywhere unix.Sockaddr = &unix.SockaddrInet4{}
	if f.v6() {
		level, option, anywhere = unix.SOL_IPV6, unix.IPV6_RECVERR, &unix.SockaddrInet6{}
	}
	return openWire(f, unix.SOCK_DGRAM, func(fd int) error {
		if err := unix.SetsockoptInt(fd, level, option, 1); err != nil {
			return os.NewSyscallError("setsockopt", err)
		}
		return os.NewSyscallError("bind", unix.Bind(fd, anywhere))
	})
}

// openRaw opens a privileged socket, which hears what every process of this machine is answered. The kernel is asked
// to keep other messages away; without a filter it would work too, at a higher price.
func openRaw(f family) (wire, error) {
	return openWire(f, unix.SOCK_RAW, func(fd int) error {
		kinds := []byte{f.reply, f.unreachable, f.exceeded, f.problem}
		if f.v6() {
			var filter unix.ICMPv6Filter // a bit is set for what is kept away
			for i := range filter.Data {
				filter.Data[i] = ^uint32(0)
			}
			for _, kind := range append(kinds, f.tooBig) {
				filter.Data[kind/32] &^= 1 << (kind % 32)
			}
			_ = unix.SetsockoptICMPv6Filter(fd, unix.SOL_ICMPV6, icmpv6Filter, &filter)
			return nil
		}
		filter := ^uint32(0)
		for _, kind := range kinds {
			filter &^= 1 << kind
		}
		_ = unix.SetsockoptInt(fd, unix.SOL_RAW, icmpFilter, int(int32(filter)))
		return nil
	})
}

// The socket options of linux/icmp.h and linux/icmpv6.h.
const (
	icmpFilter   = 1
	icmpv6Filter = 1
)

// openWire opens a socket of a kind. Its errors are those of the system.
func openWire(f family, kind int, prepare func(fd int) error) (wire, error) {
	domain := unix.AF_INET
	if f.v6() {
		domain = unix.AF_INET6
	}
	fd, err := unix.Socket(domain, kind|unix.SOCK_CLOEXEC, int(f.protocol)) // blocking: os keeps it out of Go's poller
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	w := &linuxWire{fd: uintptr(fd), file: os.NewFile(uintptr(fd), "icmp"), datagram: kind == unix.SOCK_DGRAM}
	if !w.datagram && !f.v6() {
		w.hops = writeHeaders(fd)
	}
	w.in.init()
	if err = prepare(fd); err == nil {
		w.gate, err = newGate(fd)
	}
	if err == nil {
		w.raw, err = w.file.SyscallConn()
	}
	if err != nil {
		return nil, errors.Join(err, w.close())
	}
	for forced, usual := range map[int]int{unix.SO_RCVBUFFORCE: unix.SO_RCVBUF, unix.SO_SNDBUFFORCE: unix.SO_SNDBUF} {
		if unix.SetsockoptInt(fd, unix.SOL_SOCKET, forced, buffers) != nil {
			_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, usual, buffers)
		}
	}
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)
	return w, nil
}

// writeHeaders tells the kernel that we write the headers of a raw socket's IPv4 packets, and returns how many hops they
// may take by the machine's settings; 0 if the kernel is to write them. While it writes one, it locks the socket, and
// who sends on another processor meanwhile is put to sleep and woken again: that took as long as to send.
func writeHeaders(fd int) (hops byte) {
	n, err := unix.GetsockoptInt(fd, unix.SOL_IP, unix.IP_TTL)
	if err != nil || n < 1 || n > math.MaxUint8 || unix.SetsockoptInt(fd, unix.SOL_IP, unix.IP_HDRINCL, 1) != nil {
		return 0
	}
	return byte(n)
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

// await returns also when an error has come for an earlier packet: that is what it returns then.
func (w *linuxWire) await() error {
	failed, err := w.gate.await()
	if err == nil && failed {
		return errNoticed
	}
	return err
}

// errNoticed says that the error queue is not empty.
var errNoticed = errors.New("an error has come for an earlier packet")

func (w *linuxWire) private() bool { return w.datagram }

func (w *linuxWire) close() error {
	w.using.Lock()
	defer w.using.Unlock()
	w.closed = true
	var err error
	if w.gate != nil {
		err = w.gate.close()
	}
	return errors.Join(err, w.file.Close())
}
