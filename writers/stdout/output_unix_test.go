//go:build !windows

package stdout

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/events/eventstest"
)

// slowPipe is a pipe as a shell makes it: in blocking mode, so that a write that blocks cannot be called back.
func slowPipe(t *testing.T) (*os.File, *os.File) {
	t.Helper()
	var fds [2]int
	if err := syscall.Pipe(fds[:]); err != nil {
		t.Fatal(err)
	}
	return os.NewFile(uintptr(fds[0]), "reading end"), os.NewFile(uintptr(fds[1]), "writing end")
}

// If this failed, a supervisor that connects programs by sockets would see a failure when the reading one ends.
func TestAResetSocketIsNoFailure(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	to, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	r, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	w := open(t, "json", to)
	go func() {
		_, _ = io.ReadFull(r, make([]byte, 1000))
		_ = r.(*net.TCPConn).SetLinger(0) // Close resets
		_ = r.Close()
	}()
	for {
		if _, err := w.Write(t.Context(), eventstest.Dummies(t, 1000)); err != nil {
			if !errors.Is(err, events.ErrWriterGone) {
				t.Errorf("got %v, want an error that Is events.ErrWriterGone", err)
			}
			return
		}
	}
}
