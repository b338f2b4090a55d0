package icmp

import (
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/internal/nettest"
	"github.com/uptimer/uptimer/probes"
	"github.com/uptimer/uptimer/probes/probestest"
	"github.com/uptimer/uptimer/schemas"
	"github.com/uptimer/uptimer/targets"
)

// A machine that permits only unprivileged sockets could not ping, or would see something else than one with raw ones.
func TestDatagramSockets(t *testing.T) {
	t.Parallel()
	nettest.InOwnNetwork(t, "TestChildKind", "datagram")
}

// A machine that permits only raw sockets could not ping, or would see something else than one with unprivileged ones.
func TestRawSockets(t *testing.T) {
	t.Parallel()
	nettest.InOwnNetwork(t, "TestChildKind", "raw")
}

// TestChildKind is the child of the two above.
func TestChildKind(t *testing.T) {
	datagram := nettest.Task() == "datagram"
	if !datagram && nettest.Task() != "raw" {
		return
	}
	nettest.LinkUp(t, "lo")
	permit(t, datagram)
	mute(t, false)
	p := probeWith(t)
	for range 2 { // a second start changes nothing
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
	}
	for i := range p.ways {
		s := p.ways[i].socket.Load()
		if s == nil || s.wire.private() != datagram {
			t.Fatalf("way %d is not of the kind that is permitted: %v", i, p.ways[i].err)
		}
	}
	t.Run("the kernel answers", func(t *testing.T) { kernelAnswers(t, p) })
	t.Run("a thousand at once", func(t *testing.T) { thousandAtOnce(t, p) })
	t.Run("lanes", func(t *testing.T) { lanesHearNothing(t, p, datagram) })
	t.Run("read late", func(t *testing.T) { readLate(t, datagram) })
	t.Run("closed", closedWireIsNotUsed)
	t.Run("closed while checks run", closeWhileChecksRun)
	t.Run("mute", func(t *testing.T) { muteHost(t, p) })
	t.Run("falls silent", func(t *testing.T) { fallsSilent(t, p) })
	t.Run("no way from here", func(t *testing.T) { noWayFromHere(t, p) })
	t.Run("a router answers", func(t *testing.T) { routerAnswers(t, p) })
	t.Run("nobody in the segment", func(t *testing.T) { nobodyInTheSegment(t, p) })
}

// loopbacks are URLs that the kernel answers, and their addresses.
var loopbacks = map[string]string{"icmp://127.0.0.1": "127.0.0.1", "icmp://[::1]": "::1"}

// kernelAnswers: every field of an event of a host that is up is right.
func kernelAnswers(t *testing.T, p *Probe) {
	catalog, err := events.NewCatalog(schemas.FS)
	if err != nil {
		t.Fatal(err)
	}
	for url, ip := range loopbacks {
		began := time.Now()
		r, d := runFor(t, probestest.Patience, probestest.Prepare(t, p, url, targets.Options{Count: "3", MaxLoss: "0"}))
		expect(t, r, probes.OK, "", false)
		if d.PacketsSent != 3 || d.PacketsReceived != 3 || r.IP.String() != ip || r.Began.Before(began) || r.Took > time.Since(began)-2*spacing {
			t.Errorf("%s: %+v %+v", url, r, d)
		}
		target := targets.Target{URL: url, Options: &targets.Options{}}
		event, err := probes.NewEvent(catalog, probes.Where{}, target, began, r)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s", event.JSON())
	}
}

// thousandAtOnce: everybody gets the own answer and nobody another's. Seen to fail when all series have one token.
func thousandAtOnce(t *testing.T, p *Probe) {
	var checks sync.WaitGroup
	for i := range 1000 {
		check := probestest.Prepare(t, p, fmt.Sprintf("icmp://127.%d.%d.%d", 1+i%5, i/256, 1+i%250), targets.Options{Count: "2"})
		checks.Go(func() {
			r, err := check.Run(probestest.Within(t, probestest.Patience))
			if err != nil || !r.Up() || r.Details.(*Details).PacketsReceived != 2 || r.IP.String() != check.(*Check).host {
				t.Errorf("%+v %v", r, err)
			}
		})
	}
	checks.Wait()
}

// lanesHearNothing: what a socket hears that is only sent from lies there unread, and the kernel copies each answer for it.
// Seen to fail when such a socket hears all kinds of messages.
func lanesHearNothing(t *testing.T, p *Probe, datagram bool) {
	for i := range p.ways {
		out := p.ways[i].socket.Load().wire.(*linuxWire).out
		if want := min(runtime.GOMAXPROCS(0), mostLanes); !datagram && len(out) != want || datagram && len(out) != 1 {
			t.Errorf("%d sockets to send from", len(out))
		}
		for _, fd := range out[1:] {
			if n, _, err := unix.Recvfrom(fd, make([]byte, maxPacket), unix.MSG_DONTWAIT); err != unix.EAGAIN {
				t.Errorf("one that is only sent from has heard %d bytes: %v", n, err)
			}
		}
	}
}

// readLate: what an answer waits for to be read is not the target's. Seen to fail without SO_TIMESTAMPNS.
func readLate(t *testing.T, datagram bool) {
	const late = 100 * time.Millisecond
	for to, f := range map[string]family{"127.0.0.1": ipv4Family, "::1": ipv6Family} {
		open := openRaw
		if datagram {
			open = openDatagram
		}
		w, err := open(f)
		if err != nil {
			t.Fatal(err)
		}
		sent := time.Now()
		if err := w.send(0, f.appendRequest(nil, echo{id: 1, sequence: 1}), netip.MustParseAddr(to)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(late)
		_, from, at, err := w.poll(make([]byte, maxPacket))
		if trip := at.Sub(sent); err != nil || from.String() != to || trip < 0 || time.Since(at) < late/2 {
			t.Errorf("%v after %v from %v: %v", to, trip, from, err)
		}
		if err := w.close(); err != nil {
			t.Error(err)
		}
	}
}

// muteHost: a host that does not answer is down by timeout.
func muteHost(t *testing.T, p *Probe) {
	mute(t, true)
	defer mute(t, false)
	for url := range loopbacks {
		r, d := runFor(t, 300*time.Millisecond, probestest.Prepare(t, p, url, targets.Options{}))
		if r.Reason != probes.Timeout || !r.TimedOut || d.PacketsSent != 1 || d.PacketsReceived != 0 || r.Took < 200*time.Millisecond {
			t.Errorf("%s: %+v %+v", url, r, d)
		}
	}
}

// fallsSilent: a host that stops to answer in the middle of a check is down by loss, where that is not allowed.
func fallsSilent(t *testing.T, p *Probe) {
	defer mute(t, false)
	s := p.ways[0].socket.Load()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for end := time.Now().Add(probestest.Patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
			if heardOf(s) >= 2 {
				mute(t, true)
				return
			}
		}
	}()
	r, d := runFor(t, probestest.Patience, probestest.Prepare(t, p, "icmp://127.0.0.1", targets.Options{Count: "8", MaxLoss: "10"}))
	<-done
	if r.Reason != probes.Loss || !r.TimedOut || d.PacketsSent != 8 || d.PacketsReceived < 2 || d.PacketsReceived > 7 || r.Took > time.Second {
		t.Errorf("%+v %+v", r, d)
	}
}

// heardOf is how many packets of the series under way are settled.
func heardOf(s *socket) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range s.waiting {
		n += w.settled
	}
	return n
}

// noWayFromHere: what our own routes say is an outage if they say that the host is unreachable, else our own fault.
func noWayFromHere(t *testing.T, p *Probe) {
	nettest.AddRoute(t, netip.MustParseAddr("198.51.100.90"), unix.RTN_UNREACHABLE, 0)
	nettest.AddRoute(t, netip.MustParseAddr("198.51.100.91"), unix.RTN_PROHIBIT, 0)
	r, d := runFor(t, probestest.Patience, probestest.Prepare(t, p, "icmp://198.51.100.90", targets.Options{Count: "2"}))
	expect(t, r, probes.Unreachable, "sending an echo request to 198.51.100.90: host unreachable", false)
	if d.PacketsSent != 2 || r.Took < spacing {
		t.Errorf("%+v %+v", r, d)
	}
	for url, want := range map[string]probes.Cause{
		"icmp://198.51.100.91":  probes.CausePermission,
		"icmp://198.51.100.92":  probes.CauseRoute,
		"icmp://[2001:db8::92]": probes.CauseRoute,
	} {
		r, err := probestest.Prepare(t, p, url, targets.Options{Count: "2"}).Run(probestest.Within(t, probestest.Patience))
		var own *probes.OwnFault
		if !errors.As(err, &own) || own.Cause != want {
			t.Errorf("%s: %+v %v, want the own fault %s", url, r, err, want)
		}
	}
}

// routerAnswers: a router that says that a host cannot be reached is believed at once, and nobody else is concerned.
// The latter was seen to fail when the first error of sending is believed (sendTries is 1).
func routerAnswers(t *testing.T, p *Probe) {
	reports := map[netip.Addr]nettest.Report{
		netip.MustParseAddr("198.51.100.1"): {Kind: 3, Code: 0}, netip.MustParseAddr("198.51.100.2"): {Kind: 3, Code: 1, Quote: 28},
		netip.MustParseAddr("198.51.100.3"): {Kind: 3, Code: 13}, netip.MustParseAddr("198.51.100.4"): {Kind: 11, Code: 0},
		netip.MustParseAddr("2001:db8::1"): {Kind: 1, Code: 0}, netip.MustParseAddr("2001:db8::2"): {Kind: 1, Code: 1, Quote: 48},
		netip.MustParseAddr("2001:db8::3"): {Kind: 1, Code: 3}, netip.MustParseAddr("2001:db8::4"): {Kind: 3, Code: 0},
	}
	nettest.StartRouter(t, reports)
	for url, want := range map[string]string{
		"icmp://198.51.100.1":  "network unreachable, says " + nettest.Router4,
		"icmp://198.51.100.2":  "host unreachable, says " + nettest.Router4,
		"icmp://198.51.100.3":  "prohibited by an administrator, says " + nettest.Router4,
		"icmp://198.51.100.4":  "too many hops on the way (a routing loop?), says " + nettest.Router4,
		"icmp://[2001:db8::1]": "no route to the host, says " + nettest.Router6,
		"icmp://[2001:db8::2]": "prohibited by an administrator, says " + nettest.Router6,
		"icmp://[2001:db8::3]": "host unreachable, says " + nettest.Router6,
		"icmp://[2001:db8::4]": "too many hops on the way (a routing loop?), says " + nettest.Router6,
	} {
		r, d := runFor(t, probestest.Patience, probestest.Prepare(t, p, url, targets.Options{}))
		expect(t, r, probes.Unreachable, want, false)
		if d.PacketsSent != 1 || r.Took > probestest.Patience/2 {
			t.Errorf("%s: %+v %+v", url, r, d)
		}
	}
	othersAreUp(t, p, reports)
}

// othersAreUp checks hosts that are up and hosts that are not through the same socket, as fast as it goes.
func othersAreUp(t *testing.T, p *Probe, reports map[netip.Addr]nettest.Report) {
	var storm, calm sync.WaitGroup
	stop := make(chan struct{})
	for to := range reports {
		check := probestest.Prepare(t, p, "icmp://"+hostOf(to), targets.Options{})
		storm.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if r, err := check.Run(probestest.Within(t, probestest.Patience)); err != nil || r.Reason != probes.Unreachable {
					t.Errorf("%+v %v", r, err)
					return
				}
			}
		})
	}
	for url := range loopbacks {
		check := probestest.Prepare(t, p, url, targets.Options{})
		calm.Go(func() {
			for range 3000 {
				if r, err := check.Run(probestest.Within(t, probestest.Patience)); err != nil || r.Reason != probes.OK {
					t.Errorf("%+v %v", r, err)
					return
				}
			}
		})
	}
	calm.Wait()
	close(stop)
	storm.Wait()
}

func hostOf(addr netip.Addr) string {
	if addr.Is6() {
		return "[" + addr.String() + "]"
	}
	return addr.String()
}
