package probes

import (
	"encoding/binary"
	"net/netip"
	"sync"
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

// transfer is a read or a write under way. It lies in its socket and has its function there: made for each call, they
// would be garbage of each.
type transfer struct {
	data []byte // what is left to write, or where to read to
	done int
	err  syscall.Errno
	try  func(fd uintptr) bool // false: the socket has to be waited for
}

// run lets wait, which is that of a RawConn, transfer data. The error may be a bare number.
func (t *transfer) run(data []byte, wait func(func(uintptr) bool) error) (int, error) {
	t.data, t.done, t.err = data, 0, 0
	err := wait(t.try)
	t.data = nil
	if err == nil && t.err != 0 {
		err = t.err
	}
	return t.done, err
}

func (t *transfer) read(fd uintptr) bool {
	return t.call(unix.SYS_READ, fd)
}

func (t *transfer) write(fd uintptr) bool {
	for len(t.data) > 0 {
		if !t.call(unix.SYS_WRITE, fd) {
			return false
		}
		if t.err != 0 {
			break
		}
	}
	return true
}

// call makes one call, and notes what came of it unless the socket has to be waited for.
func (t *transfer) call(number, fd uintptr) bool {
	n, _, err := syscall.RawSyscall(number, fd, uintptr(unsafe.Pointer(unsafe.SliceData(t.data))), uintptr(len(t.data)))
	if err == unix.EAGAIN {
		return false
	}
	if t.err = err; err == 0 {
		t.done += int(n)
		t.data = t.data[n:]
	}
	return true
}

// nothing is a descriptor that stands for no connection, or -1. It stays open as long as the program runs.
var nothing = sync.OnceValue(func() int {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
	if err != nil {
		return -1
	}
	return fd
})

// hangUp ends the connection of a descriptor, which stays open and means nothing from then on: only package os may
// close what it has opened, and it would do it as a call that blocks.
func hangUp(fd uintptr) {
	if spare := nothing(); spare >= 0 {
		_, _, _ = syscall.RawSyscall(unix.SYS_DUP3, uintptr(spare), fd, unix.O_CLOEXEC)
	}
}
