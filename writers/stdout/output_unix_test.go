//go:build !windows

package stdout

import (
	"errors"
	"io"
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

// If this failed, shells and supervisors that connect programs by sockets would see a failure when the reading one
// ends.
func TestAClosedSocketIsNoFailure(t *testing.T) {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	r, to := os.NewFile(uintptr(fds[0]), "reading end"), os.NewFile(uintptr(fds[1]), "writing end")
	defer to.Close()
	w := open(t, "json", to)
	go func() {
		_, _ = io.ReadFull(r, make([]byte, 1000)) // the rest is not read, which resets
		_ = r.Close()
	}()
	for {
		if _, err := w.Write(t.Context(), eventstest.Dummies(t, 3000)); err != nil {
			if !errors.Is(err, events.ErrWriterGone) {
				t.Errorf("got %v, want an error that Is events.ErrWriterGone", err)
			}
			return
		}
	}
}
