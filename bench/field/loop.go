//go:build linux

package field

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"time"

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
	conns   map[int]*conn
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

// conn is a connection.
type conn struct {
	fd     int
	field  *field
	record Record
	got    []byte // of a request that came in pieces
	keep   bool
	due    int64
	open   bool
}

const backlog = 65535 // cut down to what the kernel allows

func newLoop(records *Records) (l *loop, err error) {
	l = &loop{records: records, fields: map[int]*field{}, conns: map[int]*conn{}, done: make(chan struct{}), poll: -1, wake: -1, timer: -1}
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

// listen opens a field.
func (l *loop) listen(f Spec) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	err = errors.Join(
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1),
		unix.Bind(fd, &unix.SockaddrInet4{Port: f.Port}), // all of 127.0.0.0/8 can only be had with all others
		unix.Listen(fd, backlog),
		l.watch(fd, unix.EPOLLIN),
	)
	if err != nil {
		return errors.Join(err, unix.Close(fd))
	}
	l.fields[fd] = &field{Spec: f, listener: fd, answer: answer(f, "keep-alive"), closing: answer(f, "close")}
	return nil
}

const text = "All Systems Operational\n"

// answer is the answer of a field.
func answer(f Spec, connection string) []byte {
	status := "200 OK"
	if f.Fault == Error {
		status = "500 Internal Server Error"
	}
	whole := fmt.Appendf(nil, "HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: %d\r\nConnection: %s\r\n\r\n%s", status, len(text), connection, text)
	if f.Fault == Half {
		return whole[:len(whole)-len(text)/2]
	}
	return whole
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
	for fd := range l.conns {
		_ = unix.Close(fd)
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
		n, err := unix.EpollWait(l.poll, ready, -1)
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
			case l.fields[fd] != nil:
				l.accept(l.fields[fd], woken)
			case l.conns[fd] != nil:
				l.hear(l.conns[fd], woken)
			}
		}
		l.answerDue()
	}
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

// acceptsAtOnce bounds how many connections are taken before those that are open are looked at.
const acceptsAtOnce = 64

// accept takes connections.
func (l *loop) accept(f *field, woken int64) {
	for range acceptsAtOnce {
		fd, remote, err := unix.Accept4(f.listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		if err != nil {
			return
		}
		from, ok := remote.(*unix.SockaddrInet4)
		if !ok || from.Addr[0] != 127 {
			_ = unix.Close(fd)
			continue
		}
		c := l.fresh(fd, f)
		c.record.Connected = now()
		if f.Kind == TCP {
			c.record.Asked = min(woken, c.record.Connected)
			c.record.Answered = c.record.Connected
			c.record.Late = c.record.Connected - woken
		}
		if !l.hear(c, woken) {
			continue
		}
		if l.watch(fd, unix.EPOLLIN|unix.EPOLLRDHUP) != nil {
			l.close(c)
		}
	}
}

// fresh makes a connection.
func (l *loop) fresh(fd int, f *field) *conn {
	var c *conn
	if n := len(l.spare); n > 0 {
		c, l.spare = l.spare[n-1], l.spare[:n-1]
	} else {
		c = new(conn)
	}
	*c = conn{fd: fd, field: f, got: c.got[:0], open: true}
	l.conns[fd] = c
	if own, err := unix.Getsockname(fd); err == nil {
		if own, ok := own.(*unix.SockaddrInet4); ok {
			c.record.Target = netip.AddrPortFrom(netip.AddrFrom4(own.Addr), uint16(own.Port))
		}
	}
	return c
}

var endOfHead = []byte("\r\n\r\n")

// hear reads what came, and answers it or plans that. It tells whether the connection is still open.
func (l *loop) hear(c *conn, woken int64) bool {
	n, err := unix.Read(c.fd, l.read[:])
	switch {
	case errors.Is(err, unix.EAGAIN):
		return true
	case n <= 0 || err != nil:
		l.close(c)
		return false
	case c.field.Kind == TCP:
		return true
	}
	request := l.read[:n]
	if len(c.got) > 0 || !bytes.HasSuffix(request, endOfHead) {
		c.got = append(c.got, request...)
		if request = c.got; !bytes.HasSuffix(request, endOfHead) {
			return true
		}
	}
	c.record.Asked = now()
	c.record.Late = c.record.Asked - woken
	c.keep = !c.field.Close && !bytes.Contains(request, []byte("\r\nConnection: close\r\n"))
	c.got = c.got[:0]
	f := c.field
	switch {
	case f.Fault == Hang:
		return true
	case f.Fault == Reset:
		_ = unix.SetsockoptLinger(c.fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
		l.close(c)
		return false
	case f.Delay > 0:
		c.due = c.record.Asked + int64(f.Delay)
		f.waiting = append(f.waiting, c)
		return true
	}
	return l.answer(c)
}

// answerDue answers what is due.
func (l *loop) answerDue() {
	for _, f := range l.fields {
		n := 0
		for ; n < len(f.waiting); n++ {
			c := f.waiting[n]
			at := now()
			if c.due > at {
				break
			}
			if c.open {
				c.record.Late += at - c.due
				l.answer(c)
			}
			l.reuse(c)
		}
		if n > 0 {
			f.waiting = append(f.waiting[:0], f.waiting[n:]...)
		}
	}
}

// answer writes the answer and takes note. It tells whether the connection is still open.
func (l *loop) answer(c *conn) bool {
	text := c.field.closing
	if c.keep && c.field.Fault == None {
		text = c.field.answer
	}
	n, _ := unix.Write(c.fd, text) // a fresh socket takes so little at once
	if n == len(text) {
		c.record.Answered = now()
	}
	l.records.add(c.record)
	c.record.Asked, c.record.Answered, c.record.Late = 0, 0, 0
	if c.keep && c.field.Fault == None {
		return true
	}
	l.close(c)
	return false
}

func (l *loop) close(c *conn) {
	if c.record.Asked != 0 { // was not answered; a TCP field answers by taking the connection
		l.records.add(c.record)
	}
	_ = unix.Close(c.fd)
	delete(l.conns, c.fd)
	c.open = false
	if c.due == 0 {
		l.reuse(c)
	}
}

// reuse keeps a connection that is closed for the next one.
func (l *loop) reuse(c *conn) {
	c.due = 0
	if !c.open {
		l.spare = append(l.spare, c)
	}
}
