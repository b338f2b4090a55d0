//go:build linux

package field

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

const backlog = 65535 // cut down to what the kernel allows

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
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_QUICKACK, 0), // and of its connections: an answer acknowledges the request, as HAProxy has it
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

// acceptsAtOnce bounds how many connections are taken before those that are open are looked at.
const acceptsAtOnce = 64

// accept takes connections.
func (l *loop) accept(f *field, woken int64) {
	for range acceptsAtOnce {
		fd, from, ok := accept(f.listener)
		if !ok {
			return
		}
		target, known := local(fd)
		if from.Addr[0] != 127 || !known {
			hangUp(fd)
			continue
		}
		c := l.fresh(fd, f)
		c.record.Target = target
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
	for len(l.conns) <= fd {
		l.conns = append(l.conns, nil)
	}
	l.conns[fd] = c
	return c
}
