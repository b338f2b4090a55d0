package icmp

import (
	"net"
	"net/netip"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// rawAddress is an address as the kernel has it, and its size. Package unix would allocate it for each packet.
func rawAddress(of netip.Addr) (a unix.RawSockaddrInet6, size uint32) {
	if of.Is4() {
		*(*unix.RawSockaddrInet4)(unsafe.Pointer(&a)) = unix.RawSockaddrInet4{Family: unix.AF_INET, Addr: of.As4()}
		return a, unix.SizeofSockaddrInet4
	}
	return unix.RawSockaddrInet6{Family: unix.AF_INET6, Addr: of.As16(), Scope_id: zoneID(of.Zone())}, unix.SizeofSockaddrInet6
}

// send does not wait for room in the send buffer as package net does.
func (w *linuxWire) send(lane int, packet []byte, to netip.Addr) error {
	w.using.RLock()
	defer w.using.RUnlock()
	if w.closed {
		return net.ErrClosed
	}
	address, size := rawAddress(to)
	_, _, number := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(w.out[lane]), uintptr(unsafe.Pointer(&packet[0])), uintptr(len(packet)),
		unix.MSG_DONTWAIT, uintptr(unsafe.Pointer(&address)), uintptr(size))
	switch number {
	case 0:
		return nil
	case unix.EAGAIN:
		return errFull
	}
	return os.NewSyscallError("sendto", number)
}

// incoming is what reading needs, kept from one packet to the next.
type incoming struct {
	from    unix.RawSockaddrInet6 // or what fits into it
	control [64]byte
	buffer  unix.Iovec
	header  unix.Msghdr
}

func (i *incoming) init() {
	i.header.Name, i.header.Control, i.header.Iov = (*byte)(unsafe.Pointer(&i.from)), &i.control[0], &i.buffer
	i.header.SetIovlen(1)
}

// poll reads what has already come.
func (w *linuxWire) poll(buffer []byte) (n int, from netip.Addr, at time.Time, err error) {
	w.using.RLock()
	defer w.using.RUnlock()
	if w.closed {
		return 0, from, at, net.ErrClosed
	}
	i := &w.in
	i.buffer.Base = &buffer[0]
	i.buffer.SetLen(len(buffer))
	i.header.Namelen = unix.SizeofSockaddrInet6
	i.header.SetControllen(len(i.control))
	size, _, number := unix.RawSyscall(unix.SYS_RECVMSG, w.fd, uintptr(unsafe.Pointer(&i.header)), unix.MSG_DONTWAIT)
	switch number {
	case 0:
	case unix.EAGAIN, unix.EINTR:
		return 0, from, at, errNothing
	default:
		return 0, from, at, os.NewSyscallError("recvmsg", number)
	}
	if i.from.Family == unix.AF_INET6 {
		return int(size), netip.AddrFrom16(i.from.Addr), i.came(), nil
	}
	from = netip.AddrFrom4((*unix.RawSockaddrInet4)(unsafe.Pointer(&i.from)).Addr)
	packet := buffer[:size]
	if !w.datagram {
		_, packet, _ = ipv4Family.cutIPHeader(packet)
	}
	return copy(buffer, packet), from, i.came(), nil
}

// came is when the kernel got the packet: it may have lain there for a while. It is told by the wall clock; if that was
// stepped meanwhile, the packet came now.
func (i *incoming) came() time.Time {
	now := time.Now()
	control := i.control[:i.header.Controllen]
	if len(control) < unix.CmsgLen(0) {
		return now
	}
	header, data, _, err := unix.ParseOneSocketControlMessage(control)
	var stamp unix.Timespec
	if err != nil || header.Level != unix.SOL_SOCKET || header.Type != unix.SCM_TIMESTAMPNS || len(data) < int(unsafe.Sizeof(stamp)) {
		return now
	}
	stamp = *(*unix.Timespec)(unsafe.Pointer(&data[0]))
	if age := time.Duration(now.UnixNano() - stamp.Nano()); age > 0 && age < steppedBy {
		return now.Add(-age)
	}
	return now
}

// steppedBy is by how much the wall clock must have been stepped if a packet seems to have lain here as long: by then
// its check is over.
const steppedBy = 10 * time.Second

// The counters of SO_MEMINFO (linux/sock_diag.h), and which of them counts the packets that were dropped.
const (
	memoryCounters = 9
	memoryDrops    = 8
)

// drops is 0 on kernels before 4.12, which do not say.
func (w *linuxWire) drops() uint32 {
	var counters [memoryCounters]uint32
	size := uint32(unsafe.Sizeof(counters))
	_ = w.raw.Control(func(fd uintptr) {
		_, _, _ = unix.Syscall6(unix.SYS_GETSOCKOPT, fd, unix.SOL_SOCKET, unix.SO_MEMINFO,
			uintptr(unsafe.Pointer(&counters)), uintptr(unsafe.Pointer(&size)), 0)
	})
	return counters[memoryDrops]
}
