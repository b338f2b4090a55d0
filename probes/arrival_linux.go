package probes

import (
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// maxAge is for how long an answer may lie here unread. One that seems older is so by the wall clock alone, which was
	// stepped meanwhile.
	maxAge = 10 * time.Second
	// trustedAge is for how long it may without a second look at whether that is true.
	trustedAge = time.Millisecond
)

func (s *socket) arrival() time.Time { return s.arrived }

// came is when the kernel got what was read last, by its stamp (nanoseconds by the wall clock; 0 if it does not say). It is
// zero if that is not known, or may not be so.
func (s *socket) came(stamp int64) time.Time {
	now := time.Now()
	at := arrivedAt(stamp, now)
	if !at.IsZero() && now.Sub(at) > trustedAge && (clockStepped(now.Round(0).Sub(s.waited.Round(0)), now.Sub(s.waited)) || s.reordered()) {
		return time.Time{}
	}
	return at
}

// arrivedAt makes a time of a stamp of the wall clock, zero if it is none.
func arrivedAt(nanoseconds int64, now time.Time) time.Time {
	age := time.Duration(now.UnixNano() - nanoseconds)
	if nanoseconds == 0 || age < 0 || age > maxAge {
		return time.Time{}
	}
	return now.Add(-age)
}

// clockStepped tells whether the wall clock was stepped while the two clocks went on by so much.
func clockStepped(wall, monotonic time.Duration) bool { return (wall - monotonic).Abs() > trustedAge }

// reordered tells whether packets came in another order than they were sent in, or may have: then the stamp is that of the
// last byte, and what stands before it may have come later. Kernels before 5.4 do not say.
func (s *socket) reordered() bool {
	var info unix.TCPInfo
	size := uint32(unsafe.Sizeof(info))
	_, _, err := syscall.RawSyscall6(unix.SYS_GETSOCKOPT, uintptr(s.fd), unix.IPPROTO_TCP, unix.TCP_INFO,
		uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
	known := uintptr(size) >= unsafe.Offsetof(info.Rcv_ooopack)+unsafe.Sizeof(info.Rcv_ooopack)
	return err != 0 || !known || info.Rcv_ooopack > 0
}
