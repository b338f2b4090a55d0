//go:build unix

package http

import (
	"errors"
	"net"
	"syscall"
)

// quiet tells whether a connection at rest is still open and has nothing to read. What a server says unasked is
// its good-bye.
func quiet(socket net.Conn) bool {
	sys, ok := socket.(syscall.Conn)
	if !ok {
		return true
	}
	raw, err := sys.SyscallConn()
	if err != nil {
		return false
	}
	still := false
	err = raw.Read(func(fd uintptr) bool {
		var one [1]byte
		_, _, err := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		still = errors.Is(err, syscall.EAGAIN)
		return true
	})
	return err == nil && still
}
