//go:build unix

package tcp

import (
	"net"
	"syscall"
)

// discard reads what has already come and was not read, up to a bound, without waiting.
func discard(socket net.Conn) {
	sys, ok := socket.(syscall.Conn)
	if !ok {
		return
	}
	raw, err := sys.SyscallConn()
	if err != nil {
		return
	}
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	_ = raw.Control(func(fd uintptr) { // the socket does not block; Read of raw would look at the deadline
		for range maxAnswer / readBuffer {
			if n, err := syscall.Read(int(fd), *buffer); n <= 0 || err != nil {
				return
			}
		}
	})
}
