package icmp

import (
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// gate tells that a socket has something to read, once each time it is asked. In Go's own poller the socket would wake
// a thread for each packet, also while somebody reads all that comes; that took longer than to send one.
type gate struct {
	socket int
	file   *os.File // an epoll instance with that socket alone
	raw    syscall.RawConn
}

// newGate makes the gate of a socket that stays open until close.
func newGate(socket int) (*gate, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	closed := unix.EpollEvent{Events: unix.EPOLLONESHOT, Fd: int32(socket)}
	if err := unix.EpollCtl(fd, unix.EPOLL_CTL_ADD, socket, &closed); err != nil {
		_ = unix.Close(fd)
		return nil, os.NewSyscallError("epoll_ctl", err)
	}
	_ = unix.SetNonblock(fd, true) // so that os lets Go's poller wait for it
	g := &gate{socket: socket, file: os.NewFile(uintptr(fd), "icmp gate")}
	if g.raw, err = g.file.SyscallConn(); err != nil {
		_ = g.file.Close()
		return nil, err
	}
	return g, nil
}

// await returns when there is something to read, and whether that is an error. Its own error Is net.ErrClosed after
// close.
func (g *gate) await() (failed bool, err error) {
	open, came := true, [1]unix.EpollEvent{}
	waitErr := g.raw.Read(func(fd uintptr) bool {
		if open {
			open = false
			event := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLONESHOT, Fd: int32(g.socket)}
			if err = unix.EpollCtl(int(fd), unix.EPOLL_CTL_MOD, g.socket, &event); err != nil {
				return true
			}
		}
		n, waitErr := unix.EpollWait(int(fd), came[:], 0)
		if waitErr != nil && waitErr != unix.EINTR {
			err = waitErr
			return true
		}
		return n > 0
	})
	if waitErr != nil { // there is no other
		return false, net.ErrClosed
	}
	return came[0].Events&unix.EPOLLERR != 0, os.NewSyscallError("epoll", err)
}

func (g *gate) close() error { return g.file.Close() }
