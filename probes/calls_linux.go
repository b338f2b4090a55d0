package probes

import (
	"encoding/binary"
	"net/netip"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// These calls leave out what package syscall does around one that may block. None of these blocks, as the sockets do
// not, but in connect and close the kernel takes packets all their way: tens of microseconds. A call of 20 looks
// blocked to Go's monitor. It then gives the processor to another thread, and has to look again as soon; to let it took
// a tenth of the CPU time of an HTTP check.

// peer is an address as the kernel wants it.
type peer struct {
	family  int
	address [unix.SizeofSockaddrInet6]byte
	size    int
}

func newPeer(to netip.AddrPort) (p peer) {
	p.family, p.size = unix.AF_INET6, unix.SizeofSockaddrInet6
	at, ip := 8, to.Addr().AsSlice()
	if len(ip) == 4 {
		p.family, p.size, at = unix.AF_INET, unix.SizeofSockaddrInet4, 4
	}
	binary.NativeEndian.PutUint16(p.address[0:], uint16(p.family)) //nolint:gosec // a small number
	binary.BigEndian.PutUint16(p.address[2:], to.Port())
	copy(p.address[at:], ip)
	return p
}

// connect is 0, or a number that may say that it is under way.
func (p *peer) connect(fd int) syscall.Errno {
	_, _, number := syscall.RawSyscall(unix.SYS_CONNECT, uintptr(fd), uintptr(unsafe.Pointer(&p.address)), uintptr(p.size))
	return number
}

// write writes once. With an error, nothing was written.
func write(fd int, data []byte) (int, syscall.Errno) {
	n, _, number := syscall.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(data))), uintptr(len(data)))
	if number != 0 {
		return 0, number
	}
	return int(n), 0
}

// incoming reads. It lies in its socket: made for each read, it would be garbage of each.
type incoming struct {
	header  unix.Msghdr
	buffer  unix.Iovec
	control [stampSpace]byte // what the kernel says of when data came
}

// stampSpace is what a time stamp takes, with what stands before it.
const stampSpace = 64

// read reads once. With an error, nothing was read.
func (i *incoming) read(fd int, data []byte) (int, syscall.Errno) {
	i.buffer.Base = unsafe.SliceData(data)
	i.buffer.SetLen(len(data))
	i.header = unix.Msghdr{Iov: &i.buffer, Control: &i.control[0]}
	i.header.SetIovlen(1)
	i.header.SetControllen(len(i.control))
	n, _, number := syscall.RawSyscall(unix.SYS_RECVMSG, uintptr(fd), uintptr(unsafe.Pointer(&i.header)), 0)
	i.buffer.Base = nil // data is the caller's
	if number != 0 {
		return 0, number
	}
	return int(n), 0
}

// stamp is when the kernel got what was read last, by the wall clock, if it says so.
func (i *incoming) stamp() (nanoseconds int64, said bool) {
	control := i.control[:i.header.Controllen]
	if len(control) < unix.CmsgLen(0) {
		return 0, false
	}
	header, data, _, err := unix.ParseOneSocketControlMessage(control)
	var stamp unix.Timespec
	if err != nil || header.Level != unix.SOL_SOCKET || header.Type != unix.SCM_TIMESTAMPNS || len(data) < int(unsafe.Sizeof(stamp)) {
		return 0, false
	}
	stamp = *(*unix.Timespec)(unsafe.Pointer(&data[0]))
	return stamp.Nano(), true
}

// hangUp closes a connection. There is nobody to tell if that fails: the kernel frees the descriptor whatever it says.
func hangUp(fd int) {
	_, _, _ = syscall.RawSyscall(unix.SYS_CLOSE, uintptr(fd), 0, 0)
}
