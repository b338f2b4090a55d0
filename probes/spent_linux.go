package probes

import (
	"math/rand/v2"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// spentSocket is the socket of a connection that the other end has ended, and then we. Once that is over, the kernel opens
// another connection with the same socket, from another port. To make a socket, to watch it and to give it back take a
// tenth of the CPU time of an HTTP check. It stays known to the poller, and stamps its packets.
type spentSocket struct {
	fd, family int
	second     int // of the poller, when it was ended
}

// keeps tells whether a socket that is to be released is kept.
func (p *poller) keeps(s *socket) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return s.left && s.stamps && len(p.spent) < mostSpent() && !s.remote.Addr().Is4In6() // whose socket would stay one of IPv4
}

// take gives a socket that can be connected, if the one that it looks at is of a family and its connection is over. It
// looks at any of many: the kernel goes on with the sequence numbers of the last connection, which a target knows, and it
// must not know where the next one leads to.
func (p *poller) take(family int) (fd int, ok bool) {
	p.mu.Lock()
	if n := len(p.spent); n >= leastSpent {
		next := rand.IntN(n)
		if s := p.spent[next]; s.family == family && isOver(s.fd) {
			fd, ok = s.fd, true
			p.spent[next] = p.spent[n-1]
			p.spent = p.spent[:n-1]
		}
	}
	p.mu.Unlock()
	if ok && !renew(fd) {
		hangUp(fd)
		return 0, false
	}
	return fd, ok
}

// drop forgets those that were ended before a second, and returns them. p.mu must be held.
func (p *poller) drop(before int) (dropped []spentSocket) {
	kept := p.spent[:0]
	for _, s := range p.spent {
		if s.second < before {
			dropped = append(dropped, s)
		} else {
			kept = append(kept, s)
		}
	}
	p.spent = kept
	return dropped
}

// keepNone closes all that are kept, and tells whether there were any.
func (p *poller) keepNone() bool {
	p.mu.Lock()
	dropped := p.drop(p.second + 1)
	p.mu.Unlock()
	closeAll(dropped)
	return len(dropped) > 0
}

// closeAll closes sockets. The kernel goes on to end their connections.
func closeAll(list []spentSocket) {
	for _, s := range list {
		hangUp(s.fd)
	}
}

// endOurs ends our side of a connection.
func endOurs(fd int) { _, _, _ = syscall.RawSyscall(unix.SYS_SHUTDOWN, uintptr(fd), unix.SHUT_WR, 0) }

// isOver tells whether both sides have ended and know it, or one has broken it off. There is no other end to name then.
func isOver(fd int) bool {
	var name unix.RawSockaddrAny
	size := uint32(unix.SizeofSockaddrAny)
	_, _, number := syscall.RawSyscall(unix.SYS_GETPEERNAME, uintptr(fd), uintptr(unsafe.Pointer(&name)), uintptr(unsafe.Pointer(&size)))
	return number == unix.ENOTCONN
}

// renew lets a socket, whose connection is over, be connected again.
func renew(fd int) bool {
	nowhere := peer{family: unix.AF_UNSPEC, size: unix.SizeofSockaddrInet4}
	return nowhere.connect(fd) == 0
}

// leastSpent is of how many one is taken. Who checks so seldom that there are fewer has no need of it.
var leastSpent = 256

// mostSpent is how many are kept: as many as end while a packet goes to a far continent and back, at the highest rate of
// two processors, but only a small share of what this process may have open; none if that is too few.
var mostSpent = sync.OnceValue(func() int {
	most := min(4096, maxDescriptors()/32)
	if most < leastSpent {
		return 0
	}
	return most
})
