//go:build linux

package field

import (
	"encoding/binary"
	"net/netip"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// These calls never block, as the sockets do not, and leave out what the runtime does around one that may. Its monitor
// would else look after the one thread of the loop every 20 µs, on the processors that others are measured on.

// accept takes a connection, and says whose address it was sent from.
func accept(listener int) (fd int, from unix.RawSockaddrInet4, ok bool) {
	size := uint32(unix.SizeofSockaddrInet4)
	n, _, err := syscall.RawSyscall6(unix.SYS_ACCEPT4, uintptr(listener), uintptr(unsafe.Pointer(&from)), uintptr(unsafe.Pointer(&size)),
		unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
	return int(n), from, err == 0
}

// local is the address at which a connection was taken.
func local(fd int) (netip.AddrPort, bool) {
	var own unix.RawSockaddrInet4
	size := uint32(unix.SizeofSockaddrInet4)
	_, _, err := syscall.RawSyscall(unix.SYS_GETSOCKNAME, uintptr(fd), uintptr(unsafe.Pointer(&own)), uintptr(unsafe.Pointer(&size)))
	port := (*[2]byte)(unsafe.Pointer(&own.Port))
	return netip.AddrPortFrom(netip.AddrFrom4(own.Addr), binary.BigEndian.Uint16(port[:])), err == 0 && own.Family == unix.AF_INET
}

func read(fd int, to []byte) (int, syscall.Errno) { return transfer(unix.SYS_READ, fd, to) }

func write(fd int, data []byte) (int, syscall.Errno) { return transfer(unix.SYS_WRITE, fd, data) }

// writeLast writes what comes before the end of the connection, with which it goes out in one packet.
func writeLast(fd int, data []byte) (int, syscall.Errno) {
	n, _, err := syscall.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(data))), uintptr(len(data)), unix.MSG_MORE|unix.MSG_NOSIGNAL, 0, 0)
	if err != 0 {
		return 0, err
	}
	return int(n), 0
}

func transfer(call uintptr, fd int, data []byte) (int, syscall.Errno) {
	n, _, err := syscall.RawSyscall(call, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(data))), uintptr(len(data)))
	if err != 0 {
		return 0, err
	}
	return int(n), 0
}

func hangUp(fd int) { _, _, _ = syscall.RawSyscall(unix.SYS_CLOSE, uintptr(fd), 0, 0) }
