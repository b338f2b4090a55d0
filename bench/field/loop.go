//go:build linux

package field

import (
	"errors"
	"runtime"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// loop serves plain connections from one thread: a wait for what is ready, and then a few system calls for each.
type loop struct {
	records *Records
	poll    int // epoll
	wake    int // eventfd that ends the loop
	timer   int // timerfd for the next answer that is due
	armed   int64
	fields  map[int]*field
	conns   []*conn // by descriptor
	spare   []*conn
	read    [8192]byte
	done    chan struct{}
	started bool
}

// field is a Spec that is served.
type field struct {
	Spec
	answer   []byte
	closing  []byte  // the answer that says that the connection ends
	waiting  []*conn // whose answer is due, in order; the delay is the same for all
	listener int
}

func newLoop(records *Records) (l *loop, err error) {
	l = &loop{records: records, fields: map[int]*field{}, done: make(chan struct{}), poll: -1, wake: -1, timer: -1}
	defer func() {
		if err != nil {
			l.stop()
		}
	}()
	if l.poll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, err
	}
	if l.wake, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
		return nil, err
	}
	if l.timer, err = unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK); err != nil {
		return nil, err
	}
	return l, errors.Join(l.watch(l.wake, unix.EPOLLIN), l.watch(l.timer, unix.EPOLLIN))
}

func (l *loop) watch(fd int, events uint32) error {
	return unix.EpollCtl(l.poll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: events, Fd: int32(fd)})
}

func (l *loop) start() {
	l.started = true
	go l.run()
}

// stop ends the loop and closes everything.
func (l *loop) stop() {
	if l.started {
		_, _ = unix.Write(l.wake, []byte{1, 0, 0, 0, 0, 0, 0, 0})
		<-l.done
	}
	for fd := range l.fields {
		_ = unix.Close(fd)
	}
	for _, c := range l.conns {
		if c != nil {
			_ = unix.Close(c.fd)
		}
	}
	for _, fd := range []int{l.wake, l.timer, l.poll} {
		if fd >= 0 {
			_ = unix.Close(fd)
		}
	}
}

func (l *loop) run() {
	runtime.LockOSThread()
	defer close(l.done)
	ready := make([]unix.EpollEvent, 512)
	for {
		l.arm()
		n, err := wait(l.poll, ready)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return
		}
		woken := now()
		l.answerDue()
		for _, e := range ready[:max(n, 0)] {
			switch fd := int(e.Fd); {
			case fd == l.wake:
				return
			case fd == l.timer:
				l.armed = 0
				_, _ = unix.Read(l.timer, l.read[:8])
			case fd < len(l.conns) && l.conns[fd] != nil:
				l.hear(l.conns[fd], woken)
			case l.fields[fd] != nil:
				l.accept(l.fields[fd], woken)
			}
		}
		l.answerDue()
	}
}

// waitsHere is for how many milliseconds wait keeps the processor that the runtime has given to the thread.
const waitsHere = 1

// wait waits until something is ready. While there is much to do it never tells the runtime that the thread waits, whose
// monitor would take the processor away each time, and look again every 20 µs.
func wait(poll int, ready []unix.EpollEvent) (int, error) {
	n, _, err := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(poll), uintptr(unsafe.Pointer(unsafe.SliceData(ready))), uintptr(len(ready)), waitsHere, 0, 0)
	if err == 0 && n > 0 {
		return int(n), nil
	}
	return unix.EpollWait(poll, ready, -1)
}

func now() int64 { return time.Now().UnixNano() }

// arm sets the timer to when the next answer is due. A wait in milliseconds would make answers late by up to one.
func (l *loop) arm() {
	var next int64
	for _, f := range l.fields {
		if len(f.waiting) > 0 && (next == 0 || f.waiting[0].due < next) {
			next = f.waiting[0].due
		}
	}
	if next == l.armed {
		return
	}
	l.armed = next
	var spec unix.ItimerSpec // zero: off
	if next != 0 {
		spec.Value = unix.NsecToTimespec(max(next-now(), 1))
	}
	_ = unix.TimerfdSettime(l.timer, 0, &spec, nil)
}
