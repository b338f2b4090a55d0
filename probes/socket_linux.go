package probes

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// socket is a TCP connection that was opened without package net. A net.Dialer asks the kernel four more times (for
// SO_ERROR, for the names of both ends, and to switch Nagle's algorithm off), makes more objects, and
// waits in Go's poller (see poller). Its errors are those that package net would give.
//
// Only one goroutine at a time may read or write; others may close it and set deadlines meanwhile.
type socket struct {
	fd     int
	remote netip.AddrPort
	left   bool // the other end has ended its side, or did so by this descriptor shortly before; the poller's

	// For who reads or writes.
	watched bool // by the poller
	wrote   bool
	asked   bool          // something was written since it was read from
	ready   chan struct{} // holds one: there may be something to do
	turn    turn          // of who waits
	stamps  bool          // the kernel is to say when data came
	waited  time.Time     // since when it was waited last
	arrived time.Time     // when what was read last came; zero if nobody knows

	mu       sync.Mutex
	in, out  side
	uses     int  // calls under way, which need the descriptor
	waits    bool // one of them waits
	closed   bool
	deadline *time.Timer // of what waits
}

// side is one of the two directions of a connection.
type side struct {
	events uint32
	until  time.Time // its deadline
}

var noDeadline time.Time

// connect opens a TCP connection, until deadline (the zero time: without an end) or the end of ctx. Its error is one
// for Explain.
func connect(ctx context.Context, remote netip.AddrPort, deadline time.Time) (net.Conn, error) {
	if remote.Addr().Zone() != "" { // whose number package net knows how to find
		return connectByDialer(ctx, remote, deadline)
	}
	for try := 1; ; try++ {
		s, err := connectSocket(ctx, remote, deadline)
		switch {
		case err == nil:
			return s, nil
		case try == 3 || !errors.Is(err, syscall.EADDRNOTAVAIL): // as package net: the port that was chosen may be taken by now
			return nil, err
		}
	}
}

func connectSocket(ctx context.Context, remote netip.AddrPort, deadline time.Time) (*socket, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	to := newPeer(remote)
	s, err := newSocket(to.family, remote)
	if err != nil {
		return nil, s.failed("socket", err)
	}
	if err = s.connect(ctx, &to, deadline); err != nil {
		_ = s.Close()
		return nil, s.failed("connect", err)
	}
	return s, nil
}

// newSocket gives a socket also with an error, for its name.
func newSocket(family int, remote netip.AddrPort) (*socket, error) {
	if fd, ok := allSockets.take(family); ok {
		s, err := socketOf(fd, remote)
		s.watched, s.stamps = true, true
		return s, err
	}
	const kind = unix.SOCK_STREAM | unix.SOCK_NONBLOCK | unix.SOCK_CLOEXEC
	fd, err := unix.Socket(family, kind, 0)
	if (err == unix.EMFILE || err == unix.ENFILE) && allSockets.keepNone() {
		fd, err = unix.Socket(family, kind, 0)
	}
	if err != nil {
		return &socket{remote: remote}, err
	}
	return socketOf(fd, remote)
}

// socketOf makes a socket of a descriptor that does not block, and closes that if there is an error.
func socketOf(fd int, remote netip.AddrPort) (*socket, error) {
	s := &socket{
		fd:     fd,
		remote: remote,
		ready:  make(chan struct{}, 1),
		in:     side{events: unix.EPOLLIN | unix.EPOLLRDHUP},
		out:    side{events: unix.EPOLLOUT},
	}
	err := allSockets.add(s)
	if err != nil {
		_ = unix.Close(fd)
	}
	return s, err
}

// connect waits until the connection stands. On Linux a second connect says what became of the first: nothing yet, the
// error that it met, or that all is well.
func (s *socket) connect(ctx context.Context, to *peer, deadline time.Time) error {
	_ = s.SetWriteDeadline(deadline)
	if err := s.begin(&s.out); err != nil {
		return err
	}
	defer s.end()
	for cancelled := false; ; {
		switch number := to.connect(s.fd); number {
		case 0, unix.EISCONN:
			_ = s.SetWriteDeadline(noDeadline)
			return s.checkOther()
		case unix.EINPROGRESS, unix.EINTR:
			continue
		case unix.EALREADY:
		default:
			return number
		}
		if !cancelled {
			cancelled = true
			defer afterCancel(ctx, func() { _ = s.SetWriteDeadline(longAgo) })()
		}
		if err := s.await(&s.out); err != nil {
			return err
		}
	}
}

// checkOther finds the connections whose two ends are the same. So the kernel connects at times where nobody listens,
// at a port that it may choose as our own.
func (s *socket) checkOther() error {
	if s.remote.Port() < lowestOwnPort() {
		return nil
	}
	var end netip.AddrPort
	switch own, _ := unix.Getsockname(s.fd); own := own.(type) {
	case *unix.SockaddrInet4:
		end = netip.AddrPortFrom(netip.AddrFrom4(own.Addr), uint16(own.Port)) //nolint:gosec // a port
	case *unix.SockaddrInet6:
		end = netip.AddrPortFrom(netip.AddrFrom16(own.Addr), uint16(own.Port)) //nolint:gosec // a port
	}
	if end == s.remote || end.Port() == s.remote.Port() && s.remote.Addr().IsUnspecified() { // 0.0.0.0 is this machine
		return syscall.ECONNREFUSED
	}
	return nil
}

// Read reads. An answer to what was just written cannot be there yet, so it waits first.
func (s *socket) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	s.arrived = time.Time{}
	if err := s.begin(&s.in); err != nil {
		return 0, s.failed("read", err)
	}
	defer s.end()
	if !s.stamps { // the kernel has noted the time of what is here already, too
		s.stamps = true
		_ = unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)
	}
	for {
		if s.asked {
			if err := s.await(&s.in); err != nil {
				return 0, s.failed("read", err)
			}
		}
		n, stamp, number := receive(s.fd, p)
		s.asked = number == unix.EAGAIN
		switch {
		case s.asked, number == unix.EINTR:
		case number != 0:
			return 0, s.failed("read", number)
		case n == 0:
			return 0, io.EOF
		default:
			s.arrived = s.came(stamp)
			return n, nil
		}
	}
}

// Write writes. What is written first goes out at once anyway, so Nagle's algorithm is switched off before the second.
func (s *socket) Write(p []byte) (done int, err error) {
	if err := s.begin(&s.out); err != nil {
		return 0, s.failed("write", err)
	}
	defer s.end()
	if s.wrote {
		_ = unix.SetsockoptInt(s.fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	}
	s.wrote, s.asked = true, true
	for done < len(p) {
		n, number := write(s.fd, p[done:])
		done += n
		switch number {
		case 0, unix.EINTR:
		case unix.EAGAIN:
			if err := s.await(&s.out); err != nil {
				return done, s.failed("write", err)
			}
		default:
			return done, s.failed("write", number)
		}
	}
	return done, nil
}

func (s *socket) family() int {
	if s.remote.Addr().Is4() {
		return unix.AF_INET
	}
	return unix.AF_INET6
}

// failed makes of an error what package net would.
func (s *socket) failed(doing string, err error) error {
	if number, ok := err.(syscall.Errno); ok { //nolint:errorlint // a bare number
		err = os.NewSyscallError(doing, number)
	}
	return &net.OpError{Op: doing, Net: "tcp", Addr: s.RemoteAddr(), Err: err}
}

// LocalAddr is nothing that a check needs.
func (s *socket) LocalAddr() net.Addr { return &net.TCPAddr{} }

// RemoteAddr is the address that was connected to.
func (s *socket) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(s.remote) }
