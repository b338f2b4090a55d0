package icmp

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/uptimer/uptimer/internal/nettest"
	"github.com/uptimer/uptimer/probes"
	"github.com/uptimer/uptimer/probes/probestest"
	"github.com/uptimer/uptimer/targets"
)

// nobodyInTheSegment: a host of the own network segment that nobody answers for is unreachable. Packets to such hosts
// fill the send buffer that all share; then other targets are not down, and their checks do not hang: seen to fail when
// a send waits for room.
func nobodyInTheSegment(t *testing.T, p *Probe) {
	defer nettest.NewLink(t, "tap0", unix.IFF_TAP).Close()
	nettest.SetAddress(t, "tap0", "203.0.113.1")
	nettest.LinkUp(t, "tap0")
	nettest.SetKernel(t, "ipv4/neigh/tap0/retrans_time_ms", "100")
	r, _ := runFor(t, probestest.Patience, probestest.Prepare(t, p, "icmp://203.0.113.50", targets.Options{}))
	expect(t, r, probes.Unreachable, "host unreachable, says 203.0.113.1", false)

	nettest.SetKernel(t, "ipv4/neigh/tap0/retrans_time_ms", "3000")
	setSendBuffer(t, p, 1) // as small as it gets
	var dead sync.WaitGroup
	defer dead.Wait()
	for i := range 20 * cap(p.ways[0].socket.Load().lanes) {
		check := probestest.Prepare(t, p, fmt.Sprintf("icmp://203.0.113.%d", 100+i), targets.Options{})
		dead.Go(func() {
			r, err := check.Run(probestest.Within(t, 2*time.Second))
			if err == nil && r.Reason != probes.Timeout || err != nil && !isFull(err) {
				t.Errorf("%+v %v", r, err)
			}
		})
	}
	check := probestest.Prepare(t, p, "icmp://127.0.0.1", targets.Options{})
	full := false
	for began := time.Now(); !full && time.Since(began) < time.Second; {
		before := time.Now()
		_, err := check.Run(probestest.Within(t, probestest.Patience))
		if full = err != nil && isFull(err); err != nil && !full {
			t.Error(err)
		}
		if took := time.Since(before); took > 1500*time.Millisecond {
			t.Errorf("a check of another host took %v", took)
		}
	}
	if !full {
		t.Error("the send buffer was never full")
	}
}

func isFull(err error) bool {
	var own *probes.OwnFault
	return errors.As(err, &own) && own.Cause == probes.CauseBuffers
}

func setSendBuffer(t *testing.T, p *Probe, size int) {
	t.Helper()
	for _, fd := range p.ways[0].socket.Load().wire.(*linuxWire).out {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, size); err != nil {
			t.Fatal(err)
		}
	}
}
