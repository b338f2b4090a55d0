//go:build !linux && !windows

package icmp

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"syscall"
)

// openDatagram opens an unprivileged socket, which Darwin alone among these systems has.
func openDatagram(f family) (wire, error) {
	switch {
	case runtime.GOOS != "darwin" && runtime.GOOS != "ios":
		return nil, errors.New("not on " + runtime.GOOS)
	case f.v6():
		return listenPlain("udp6", f.anywhere, true)
	}
	return listenPlain("udp4", f.anywhere, true)
}

func noFamily(err error) bool { return errors.Is(err, syscall.EAFNOSUPPORT) }

func denied(err error) bool { return errors.Is(err, fs.ErrPermission) }

// whatIsMissing says what this process lacks to open a socket.
func whatIsMissing(datagramErr error) string {
	return fmt.Sprintf("there is no datagram socket (%v), and a raw socket is for root alone; run uptimer as root", datagramErr)
}
