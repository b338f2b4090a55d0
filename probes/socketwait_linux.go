package probes

import (
	"net"
	"os"
	"syscall"
	"time"
)

// begin begins a call that needs the descriptor, unless it is closed or too late.
func (s *socket) begin(d *side) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.over(d, time.Now())
	if err == nil {
		s.uses++
	}
	return err
}

// end ends it.
func (s *socket) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.uses--; s.closed && s.uses == 0 {
		s.release()
	}
}

// over says why nothing can be done any more in a direction. s.mu must be held.
func (s *socket) over(d *side, now time.Time) error {
	switch {
	case s.closed:
		return net.ErrClosed
	case !d.until.IsZero() && !now.Before(d.until):
		return os.ErrDeadlineExceeded
	}
	return nil
}

// await waits until something may be done in a direction, of which nobody can be sure. Its error is that of over, or an
// *OwnFault.
func (s *socket) await(d *side) error {
	now := time.Now()
	s.waited = now
	s.turn.begins()
	if err := allSockets.watch(s, d.events); err != nil {
		s.turn.ends()
		return err
	}
	s.mu.Lock()
	err := s.over(d, now)
	if err == nil {
		s.waits = true
		s.alarm(d.until, now)
	}
	s.mu.Unlock()
	if err != nil {
		s.turn.ends()
		return err
	}
	<-s.ready
	s.mu.Lock()
	defer s.mu.Unlock()
	s.turn.ends()
	s.waits = false
	if s.deadline != nil {
		s.deadline.Stop()
	}
	return s.over(d, time.Now())
}

// alarm wakes who waits at a time. s.mu must be held.
func (s *socket) alarm(at, now time.Time) {
	switch {
	case at.IsZero():
	case s.deadline == nil:
		s.deadline = time.AfterFunc(at.Sub(now), s.poke)
	default:
		s.deadline.Reset(at.Sub(now))
	}
}

// poke wakes who waits, or who does next.
func (s *socket) poke() {
	select {
	case s.ready <- struct{}{}:
	default:
	}
}

// Close closes the connection. What is under way ends with net.ErrClosed.
func (s *socket) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return s.failed("close", net.ErrClosed)
	}
	s.closed = true
	if s.uses == 0 {
		s.release()
	} else if s.waits {
		s.poke()
	}
	return nil
}

// release gives the descriptor back.
func (s *socket) release() {
	keep := allSockets.keeps(s)
	if keep {
		endOurs(s.fd)
	}
	allSockets.remove(s, keep)
	if !keep {
		hangUp(s.fd)
	}
}

// SetDeadline, SetReadDeadline and SetWriteDeadline do what net.Conn says.
func (s *socket) SetDeadline(t time.Time) error { return s.until(t, &s.in, &s.out) }

// SetReadDeadline see SetDeadline.
func (s *socket) SetReadDeadline(t time.Time) error { return s.until(t, &s.in) }

// SetWriteDeadline see SetDeadline.
func (s *socket) SetWriteDeadline(t time.Time) error { return s.until(t, &s.out) }

func (s *socket) until(t time.Time, sides ...*side) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return s.failed("set", net.ErrClosed)
	}
	for _, d := range sides {
		d.until = t
	}
	if s.waits {
		s.poke()
	}
	return nil
}

// SyscallConn is for what net.Conn does not know.
func (s *socket) SyscallConn() (syscall.RawConn, error) { return control{s}, nil }

// control gives others the descriptor for a while.
type control struct{ *socket }

// Control calls f once.
func (c control) Control(f func(fd uintptr)) error {
	return c.repeat(&side{}, func(fd uintptr) bool { f(fd); return true })
}

// Read calls f until it is true, and waits in between until there is something to read.
func (c control) Read(f func(fd uintptr) bool) error { return c.repeat(&c.in, f) }

// Write calls f until it is true, and waits in between until there is room.
func (c control) Write(f func(fd uintptr) bool) error { return c.repeat(&c.out, f) }

func (c control) repeat(d *side, f func(fd uintptr) bool) error {
	if err := c.begin(d); err != nil {
		return err
	}
	defer c.end()
	for !f(uintptr(c.fd)) {
		if err := c.await(d); err != nil {
			return err
		}
	}
	return nil
}
