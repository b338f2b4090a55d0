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

// stampSpace is what a time stamp takes, with what stands before it.
const stampSpace = 64

// receive reads once, and when the kernel got what it read: nanoseconds by the wall clock, 0 if it does not say. With an
// error, nothing was read.
func receive(fd int, data []byte) (n int, stamp int64, number syscall.Errno) {
	var control [stampSpace]byte
	buffer := unix.Iovec{Base: unsafe.SliceData(data)}
	buffer.SetLen(len(data))
	header := unix.Msghdr{Iov: &buffer, Control: &control[0]}
	header.SetIovlen(1)
	header.SetControllen(len(control))
	size, _, number := syscall.RawSyscall(unix.SYS_RECVMSG, uintptr(fd), uintptr(unsafe.Pointer(&header)), 0)
	if number != 0 {
		return 0, 0, number
	}
	return int(size), stampIn(control[:header.Controllen]), 0
}

// stampIn is the time stamp that comes with data, 0 if there is none.
func stampIn(control []byte) int64 {
	if len(control) < unix.CmsgLen(0) {
		return 0
	}
	header, data, _, err := unix.ParseOneSocketControlMessage(control)
	var stamp unix.Timespec
	if err != nil || header.Level != unix.SOL_SOCKET || header.Type != unix.SCM_TIMESTAMPNS || len(data) < int(unsafe.Sizeof(stamp)) {
		return 0
	}
	stamp = *(*unix.Timespec)(unsafe.Pointer(&data[0]))
	return stamp.Nano()
}

// hangUp closes a connection. There is nobody to tell if that fails: the kernel frees the descriptor whatever it says.
func hangUp(fd int) {
	_, _, _ = syscall.RawSyscall(unix.SYS_CLOSE, uintptr(fd), 0, 0)
}
