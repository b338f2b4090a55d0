package icmp

import (
	"net/netip"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// poll reads what has already come. Package net has no such call, and no header of IPv4 is taken off here.
func (w *linuxWire) poll(buffer []byte) (n int, from netip.Addr, err error) {
	var sockaddr unix.Sockaddr
	controlErr := w.raw.Control(func(fd uintptr) {
		n, sockaddr, err = unix.Recvfrom(int(fd), buffer, unix.MSG_DONTWAIT)
	})
	switch {
	case controlErr != nil:
		return 0, from, controlErr
	case err == unix.EAGAIN || err == unix.EINTR:
		return 0, from, errNothing
	case err != nil:
		return 0, from, os.NewSyscallError("recvfrom", err)
	}
	switch a := sockaddr.(type) {
	case *unix.SockaddrInet6:
		return n, netip.AddrFrom16(a.Addr), nil
	case *unix.SockaddrInet4:
		from = netip.AddrFrom4(a.Addr)
	}
	if !w.datagram {
		_, payload, _ := ipv4Family.cutIPHeader(buffer[:n])
		n = copy(buffer, payload)
	}
	return n, from, nil
}

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
