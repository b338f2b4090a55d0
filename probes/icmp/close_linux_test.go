package icmp

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"testing"

	"github.com/uptimer/uptimer/probes/probestest"
	"github.com/uptimer/uptimer/targets"
)

// If this failed, an echo request would be written into whatever file has got the socket's number: a connection to a
// database, say.
//
// Seen to fail without the looks at closed in send and in poll.
func closedWireIsNotUsed(t *testing.T) {
	t.Helper()
	w, err := open(ipv4Family)
	if err != nil {
		t.Fatal(err)
	}
	fd := int(w.(*linuxWire).fd) //nolint:forcetypeassert // here it is
	if err := w.close(); err != nil {
		t.Fatal(err)
	}
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_DGRAM|syscall.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(pair[0])
	defer syscall.Close(pair[1])
	if pair[0] != fd { // the number is free, and mostly the next that is given
		if err := syscall.Dup3(pair[0], fd, 0); err != nil {
			t.Fatal(err)
		}
		defer syscall.Close(fd)
	}
	if _, err := syscall.Write(pair[1], []byte("for others")); err != nil {
		t.Fatal(err)
	}
	if err := w.send(0, []byte("for nobody"), netip.MustParseAddr("127.0.0.1")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("sent: %v", err)
	}
	if n, _, _, err := w.poll(make([]byte, 100)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("read %d bytes: %v", n, err)
	}
	if n, err := syscall.Read(pair[1], make([]byte, 100)); !errors.Is(err, syscall.EAGAIN) {
		t.Errorf("%d bytes were written to another file: %v", n, err)
	}
}

// If this failed, checks that run at the end would hang, or the probe would, or use what is closed just then.
//
// Seen to fail with the race detector when send and poll do not take using.
func closeWhileChecksRun(t *testing.T) {
	t.Helper()
	for range 10 {
		p := probeWith(t)
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		check := probestest.Prepare(t, p, "icmp://127.0.0.1", targets.Options{})
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		for range 50 {
			running.Go(func() {
				for ctx.Err() == nil {
					_, _ = check.Run(ctx)
				}
			})
		}
		probestest.Run(t, probestest.Patience, check)
		if err := p.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
			t.Error(err)
		}
		cancel()
		running.Wait()
	}
}
