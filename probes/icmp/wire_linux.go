package icmp

import (
	"errors"
	"net"
	"os"
	"strconv"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// linuxWire is a datagram socket, or raw ones of which one hears. They are opened here and not by package net, whose poller
// would be woken by each packet.
type linuxWire struct {
	file     *os.File
	raw      syscall.RawConn
	gate     *gate
	datagram bool

	queue sync.Mutex // held while the error queue is emptied

	using  sync.RWMutex // held by those who send or read, who need no more of package os then, and alone by who closes
	fd     uintptr
	out    []int // a socket for each lane: fd, and those of addLanes
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
			kinds = append(kinds, f.tooBig)
		}
		hearOnly(fd, f, kinds...)
		return nil
	})
}

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
	w := &linuxWire{fd: uintptr(fd), out: []int{fd}, file: os.NewFile(uintptr(fd), "icmp"), datagram: kind == unix.SOCK_DGRAM}
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
	enlarge(fd, unix.SO_RCVBUFFORCE, unix.SO_RCVBUF)
	enlarge(fd, unix.SO_SNDBUFFORCE, unix.SO_SNDBUF)
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)
	if !w.datagram {
		w.addLanes(domain, f)
	}
	return w, nil
}

// enlarge gives a buffer of a socket its size, by force where that is permitted.
func enlarge(fd, forced, usual int) {
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, forced, buffers) != nil {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, usual, buffers)
	}
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
	for _, fd := range w.out[1:] {
		_ = unix.Close(fd)
	}
	return errors.Join(err, w.file.Close())
}
