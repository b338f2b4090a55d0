package probes

import (
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// poller waits for sockets with an epoll instance of its own, and Go's poller waits for that. Go's watches a socket for
// all that may happen to it, and wakes a thread each time: when the connection stands, for the answer, for its end, also
// if nobody waits for that. Here a socket is watched while somebody waits, and for what. Together with what a file of
// package os takes, that is a tenth of the CPU time of an HTTP check.
type poller struct {
	mu      sync.Mutex
	sockets []*socket // by descriptor
	open    int       // how many there are
	spent   []spentSocket
	second  int  // since it ran first; each has one look at what is there
	runs    bool // also for a while without any
	fd      int  // of the epoll instance, while it runs
}

// lingers is how often the poller looks whether there is no socket any more. A program that checks seldom does not keep
// it, and one that checks often does not make it again for each check.
const lingers = time.Second

// allSockets waits for the sockets of the whole program.
var allSockets poller

// add makes a socket known. The error is the operating system's, or an *OwnFault.
func (p *poller) add(s *socket) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.runs {
		if err := p.start(); err != nil {
			return err
		}
	}
	p.open++
	for len(p.sockets) <= s.fd {
		p.sockets = append(p.sockets, nil)
	}
	p.sockets[s.fd] = s
	return nil
}

// remove forgets a socket, which is closed then, or was ended and is kept for another connection.
func (p *poller) remove(s *socket, keep bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sockets[s.fd] = nil
	p.open--
	s.turn.ends()
	if keep {
		p.spent = append(p.spent, spentSocket{s.fd, s.family(), p.second})
	}
}

func (p *poller) start() error {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return os.NewSyscallError("epoll_create1", err)
	}
	_ = unix.SetNonblock(fd, true) // so that os lets Go's poller wait for it
	file := os.NewFile(uintptr(fd), "poller")
	raw, err := file.SyscallConn()
	if err == nil {
		err = watched(polled(file))
	}
	if err != nil {
		_ = file.Close()
		return err
	}
	p.fd, p.runs = fd, true
	go p.run(file, raw, keepStamps())
	return nil
}

// keepStamps opens a socket for nothing but that the kernel goes on to note when packets come, or -1. It begins when the
// first socket wants to know, and stops with the last: both change its code while all processors wait.
func keepStamps() int {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1
	}
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)
	return fd
}

// polled is an error if Go's poller does not watch a file. Nothing says so before.
func polled(file *os.File) error { return file.SetDeadline(noDeadline) }

// watched makes an *OwnFault of the error of a descriptor that is to be watched: the kernel bounds how many are.
func watched(err error) error {
	if err != nil {
		return &OwnFault{CauseBuffers, fmt.Errorf("the kernel does not watch another connection: %w", err)}
	}
	return nil
}

// run wakes those who wait, until there are none.
func (p *poller) run(file *os.File, raw syscall.RawConn, stamps int) {
	defer file.Close()
	defer unix.Close(stamps)
	var events [256]unix.EpollEvent
	for !p.stop() {
		_ = file.SetReadDeadline(time.Now().Add(lingers))
		_ = raw.Read(func(fd uintptr) bool {
			for n := poll(fd, events[:]); n > 0; n = poll(fd, events[:]) {
				p.wake(events[:n])
			}
			return false
		})
	}
}

// stop closes what nobody took for a second, and tells whether the poller ends, for want of sockets. The next one starts
// it again.
func (p *poller) stop() bool {
	p.mu.Lock()
	p.second++
	stops, before := p.open == 0, p.second-1
	if stops {
		p.runs, p.sockets, before = false, nil, p.second+1
	}
	dropped := p.drop(before)
	p.mu.Unlock()
	closeAll(dropped)
	return stops
}

// poll is how many events there are now.
func poll(fd uintptr, events []unix.EpollEvent) int {
	n, _, err := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, fd, uintptr(unsafe.Pointer(unsafe.SliceData(events))), uintptr(len(events)), 0, 0, 0)
	if err != 0 {
		return 0
	}
	return int(n)
}

// wake wakes whom events are for, or who has their descriptor by now: everybody who is woken looks whether there is
// something to do.
func (p *poller) wake(events []unix.EpollEvent) {
	p.mu.Lock()
	defer p.mu.Unlock()
	woken := int64(0)
	for i := range events {
		if fd := int(events[i].Fd); fd < len(p.sockets) && p.sockets[fd] != nil {
			s := p.sockets[fd]
			woken += s.turn.comes()
			s.left = s.left || events[i].Events&unix.EPOLLRDHUP != 0
			s.poke()
		}
	}
	backlog.Add(woken)
}

// watch lets the next of some events wake an open socket, also if it has happened already. The error is an *OwnFault.
func (p *poller) watch(s *socket, events uint32) error {
	event := unix.EpollEvent{Events: events | unix.EPOLLONESHOT, Fd: int32(s.fd)} //nolint:gosec // a descriptor
	var err syscall.Errno
	if s.watched {
		_, _, err = syscall.RawSyscall6(unix.SYS_EPOLL_CTL, uintptr(p.fd), unix.EPOLL_CTL_MOD, uintptr(s.fd), uintptr(unsafe.Pointer(&event)), 0, 0)
	}
	if !s.watched || err == unix.ENOENT { // it was watched by a poller that has ended
		// Takes a lock of the whole kernel, because Go's poller watches this one.
		_, _, err = syscall.Syscall6(unix.SYS_EPOLL_CTL, uintptr(p.fd), unix.EPOLL_CTL_ADD, uintptr(s.fd), uintptr(unsafe.Pointer(&event)), 0, 0)
	}
	if err != 0 {
		return watched(err)
	}
	s.watched = true
	return nil
}
