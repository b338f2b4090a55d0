//go:build linux

package field

import (
	"bytes"

	"golang.org/x/sys/unix"
)

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

var endOfHead = []byte("\r\n\r\n")

// hear reads what came, and answers it or plans that. It tells whether the connection is still open.
func (l *loop) hear(c *conn, woken int64) bool {
	n, err := read(c.fd, l.read[:])
	switch {
	case err == unix.EAGAIN:
		return true
	case n <= 0 || err != 0:
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
	return l.react(c)
}

// react does what the field does to a request. It tells whether the connection is still open.
func (l *loop) react(c *conn) bool {
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
	text, record, stays := c.field.closing, c.record, c.keep && c.field.Fault == None
	c.record.Asked, c.record.Answered, c.record.Late = 0, 0, 0
	n := 0 // a fresh socket takes so little at once
	if stays {
		text = c.field.answer
		n, _ = write(c.fd, text)
	} else {
		n, _ = writeLast(c.fd, text)
		l.close(c)
	}
	if n == len(text) {
		record.Answered = now()
	}
	l.records.add(record)
	return stays
}

func (l *loop) close(c *conn) {
	if c.record.Asked != 0 { // was not answered; a TCP field answers by taking the connection
		l.records.add(c.record)
	}
	hangUp(c.fd)
	l.conns[c.fd] = nil
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
