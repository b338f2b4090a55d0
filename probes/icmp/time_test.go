package icmp

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uptimer/uptimer/probes"
	"github.com/uptimer/uptimer/probes/probestest"
	"github.com/uptimer/uptimer/targets"
)

var elsewhere = netip.MustParseAddr("203.0.113.9")

// Requests in a burst would measure the queue of a router and not the loss of the way; figures would be wrong.
func TestRequestsAreSpacedAndMeasured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		trips := []time.Duration{10 * time.Millisecond, 30 * time.Millisecond, 20 * time.Millisecond}
		r, d, took, w := fakeCheck(t, targets.Options{Count: "3"}, func(w *fakeWire, n int, request []byte, to netip.Addr) error {
			w.after(trips[n], replyTo(request), to)
			return nil
		})
		expect(t, r, probes.OK, "", false)
		for i, at := range w.sent {
			if since := at.Sub(w.sent[0]); since != time.Duration(i)*spacing {
				t.Errorf("request %d was sent after %v", i, since)
			}
		}
		want := []time.Duration{10 * time.Millisecond, 20 * time.Millisecond, 30 * time.Millisecond, 8164965 * time.Nanosecond}
		got := []time.Duration{time.Duration(*d.RTTMin), time.Duration(*d.RTTAvg), time.Duration(*d.RTTMax), time.Duration(*d.RTTStddev)}
		if !slices.Equal(got, want) || d.PacketsSent != 3 || d.PacketsReceived != 3 {
			t.Errorf("min, avg, max, stddev are %v, want %v; %+v", got, want, d)
		}
		if wait, _ := r.Timings.Get(probes.PhaseWait); r.Took != 20*time.Millisecond || wait != r.Took || took != 220*time.Millisecond {
			t.Errorf("took %v of %v, wait %v", r.Took, took, wait)
		}
		if r.IP.String() != "192.0.2.7" {
			t.Errorf("ip %v", r.IP)
		}
	})
}

// A host would seem slow because other checks send just then, through the same socket.
//
// Seen to fail when a request is noted as sent before there is a lane for it.
func TestToWaitForOthersThatSendIsNoRoundTrip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const sending, way = 100 * time.Millisecond, 10 * time.Millisecond
		p, _ := fakeProbe(t, func(w *fakeWire, _ int, request []byte, to netip.Addr) error {
			time.Sleep(sending)
			w.after(way, replyTo(request), to)
			return nil
		})
		defer p.Close()
		var checks sync.WaitGroup
		for range 3 * (*fakeWire)(nil).lanes() {
			check := probestest.Prepare(t, p, "icmp://192.0.2.7", targets.Options{})
			checks.Go(func() {
				r, err := check.Run(probestest.Within(t, 9*time.Second))
				if err != nil || !r.Up() || r.Took != sending+way {
					t.Errorf("%+v %v, want %v", r, err, sending+way)
				}
			})
		}
		checks.Wait()
	})
}

// A check of a host that loses a packet would last until its timeout, or would give up on a slow host too early.
func TestPatienceAfterAnAnswer(t *testing.T) {
	for _, c := range []struct {
		trip, want time.Duration // from the last request on
	}{
		{10 * time.Millisecond, time.Second},
		{700 * time.Millisecond, 2800 * time.Millisecond},
		{4 * time.Second, 8900 * time.Millisecond}, // the deadline comes first
	} {
		synctest.Test(t, func(t *testing.T) {
			r, d, took, _ := fakeCheck(t, targets.Options{Count: "2", MaxLoss: "49.5"}, func(w *fakeWire, n int, request []byte, to netip.Addr) error {
				if n == 0 {
					w.after(c.trip, replyTo(request), to)
				}
				return nil
			})
			expect(t, r, probes.Loss, "1 of 2 packets was lost (50%), at most 49.5% are allowed", true)
			if took != c.want+spacing || d.PacketsSent != 2 || d.PacketsReceived != 1 || r.Took != c.trip {
				t.Errorf("took %v and reports %v, want %v; %+v", took, r.Took, c.want+spacing, d)
			}
		})
	}
}

// Loss below what a user allows, or any loss where nothing is said of it, would be an outage.
func TestLossThatIsAllowed(t *testing.T) {
	for maxLoss, want := range map[string]probes.Reason{"": probes.OK, "80": probes.OK, "100": probes.OK, "79": probes.Loss, "0": probes.Loss} {
		synctest.Test(t, func(t *testing.T) {
			r, _, _, _ := fakeCheck(t, targets.Options{Count: "5", MaxLoss: maxLoss}, func(w *fakeWire, n int, request []byte, to netip.Addr) error {
				if n == 2 {
					w.after(time.Millisecond, replyTo(request), to)
				}
				return nil
			})
			if r.Reason != want {
				t.Errorf("max_loss %q: %s %s", maxLoss, r.Reason, r.Error)
			}
		})
	}
}

// A host that is silent would not be told from one that answers something, or the check would not end in time.
func TestNothingComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, d, took, _ := fakeCheck(t, targets.Options{Count: "3", MaxLoss: "100"}, func(*fakeWire, int, []byte, netip.Addr) error { return nil })
		expect(t, r, probes.Timeout, "no answer to 3 packets within 9s", true)
		if took != 9*time.Second || r.Took != took || d.PacketsSent != 3 || d.PacketsReceived != 0 || r.IP.String() != "192.0.2.7" {
			t.Errorf("took %v, reports %v; %+v", took, r.Took, d)
		}
	})
}

// A host that is down would be up because of what others were answered, of forgeries, of answers that were counted
// twice, or of our own request that came back on the loopback. Seen to fail when answered takes a settled packet, and
// when heard does not compare the address, the id or the type.
func TestForeignAnswersAreIgnored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, d, _, _ := fakeCheck(t, targets.Options{Count: "2", MaxLoss: "0"}, func(w *fakeWire, n int, request []byte, to netip.Addr) error {
			reply := replyTo(request)
			send := func(change func([]byte) []byte, from netip.Addr) {
				w.after(time.Millisecond, change(append([]byte(nil), reply...)), from)
			}
			same := func(p []byte) []byte { return p }
			send(same, elsewhere)
			send(func(p []byte) []byte { return request }, to)
			send(func(p []byte) []byte { p[1] = 1; return p }, to)                // a code that no reply has
			send(func(p []byte) []byte { p[4]++; return p }, to)                  // id
			send(func(p []byte) []byte { p[7] += 100; return p }, to)             // sequence number: not sent
			send(func(p []byte) []byte { p[headerSize]++; return p }, to)         // token
			send(func(p []byte) []byte { return p[:headerSize+tokenSize-1] }, to) // cut
			send(func(p []byte) []byte { return nil }, to)                        // nothing
			if n == 0 {
				send(same, to)
				send(same, to) // a duplicate
				w.after(3*time.Millisecond, reply, to)
			}
			return nil
		})
		expect(t, r, probes.Loss, "1 of 2 packets was lost (50%), at most 0% are allowed", true)
		if d.PacketsReceived != 1 || time.Duration(*d.RTTMax) != time.Millisecond {
			t.Errorf("%+v", d)
		}
	})
}

// An answer that comes after the check has ended would be counted for the next one, or end the process.
func TestLateAnswersAreIgnored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _ := fakeProbe(t, func(w *fakeWire, n int, request []byte, to netip.Addr) error {
			if n == 0 {
				w.after(1500*time.Millisecond, replyTo(request), to)
			}
			return nil
		})
		defer p.Close()
		check := probestest.Prepare(t, p, "icmp://192.0.2.7", targets.Options{})
		for range 2 {
			r, _ := runFor(t, time.Second, check)
			expect(t, r, probes.Timeout, "no answer to 1 packet within 1s", true)
		}
	})
}

// An outage that a router reports would be seen only at the timeout; or a single error would hide that the host
// answers.
func TestErrorsEndTheWait(t *testing.T) {
	router := elsewhere
	for _, c := range []struct {
		name    string
		count   string
		answers bool // from the second request on
		errors  bool // for each request, else for the first alone
		quote   int  // bytes of the request that the error quotes
		reason  probes.Reason
		took    time.Duration
	}{
		{"one", "1", false, true, 42, probes.Unreachable, time.Millisecond},
		{"one, header alone", "1", false, true, 8, probes.Unreachable, time.Millisecond},
		{"all", "3", false, true, 42, probes.Unreachable, 2*spacing + time.Millisecond},
		{"the router says it once", "3", false, false, 42, probes.Unreachable, 2*spacing + patienceLeast},
		{"then it answers", "3", true, false, 42, probes.OK, 2*spacing + time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, d, took, _ := fakeCheck(t, targets.Options{Count: c.count}, func(w *fakeWire, n int, request []byte, to netip.Addr) error {
					if n == 0 || c.errors {
						w.after(time.Millisecond, quoting(3, 1, request, to, c.quote), router)
					} else if c.answers {
						w.after(time.Millisecond, replyTo(request), to)
					}
					return nil
				})
				text := "host unreachable, says 203.0.113.9"
				if c.reason == probes.OK {
					text = ""
				}
				expect(t, r, c.reason, text, c.name == "the router says it once")
				if took != c.took {
					t.Errorf("took %v, want %v; %+v", took, c.took, d)
				}
			})
		})
	}
}

// A target would be down because of an error about a packet of another process or target, or about none at all.
func TestForeignErrorsAreIgnored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _, _, _ := fakeCheck(t, targets.Options{}, func(w *fakeWire, n int, request []byte, to netip.Addr) error {
			changed := func(change func([]byte)) []byte {
				p := append([]byte(nil), request...)
				change(p)
				return p
			}
			for _, packet := range [][]byte{
				quoting(3, 1, changed(func(p []byte) { p[4]++ }), to, 42),          // id
				quoting(3, 1, changed(func(p []byte) { p[4]++ }), to, headerSize),  // id
				quoting(3, 1, changed(func(p []byte) { p[headerSize]++ }), to, 42), // token
				quoting(3, 1, changed(func(p []byte) { p[7]++ }), to, 42),          // sequence number
				quoting(3, 1, changed(func(p []byte) { p[7]++ }), to, headerSize),  // sequence number
				quoting(3, 1, replyTo(request), to, 42),                            // not a request
				quoting(3, 1, request, elsewhere, 42),                              // another target
				quoting(3, 1, request, elsewhere, headerSize),                      // another target
				quoting(3, 1, request, to, headerSize-1),                           // too short
				quoting(5, 1, request, to, 42),                                     // a redirect is no error
				quoting(4, 0, request, to, 42),                                     // nor is "slow down"
			} {
				w.after(time.Millisecond, packet, elsewhere)
			}
			return nil
		})
		expect(t, r, probes.Timeout, "no answer to 1 packet within 9s", true)
	})
}

// A shutdown would look like an outage, or would wait for the timeouts of all checks. Seen to fail when Run does not
// look whether ctx was cancelled.
func TestCancelledChecksSayNothing(t *testing.T) {
	for _, count := range []string{"1", "5"} {
		synctest.Test(t, func(t *testing.T) {
			p, _ := fakeProbe(t, func(*fakeWire, int, []byte, netip.Addr) error { return nil })
			defer p.Close()
			ctx, cancel := context.WithTimeout(context.Background(), probestest.Patience)
			time.AfterFunc(250*time.Millisecond, cancel)
			began := time.Now()
			r, err := probestest.Prepare(t, p, "icmp://192.0.2.7", targets.Options{Count: count}).Run(ctx)
			if !errors.Is(err, context.Canceled) || time.Since(began) != 250*time.Millisecond {
				t.Errorf("after %v: %+v, %v", time.Since(began), r, err)
			}
		})
	}
}
