package icmp

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/uptimer/uptimer/probes"
)

// noMaxLoss is the max_loss of a target that has none: one answer is enough.
const noMaxLoss = -1

// Check pings one host.
type Check struct {
	probe   *Probe
	host    string
	literal netip.Addr // the host, if it is an address; otherwise zero
	family  probes.Family
	count   int
	maxLoss float64 // percent; noMaxLoss: none
}

// Run checks once: the name is resolved, the requests are sent and the answers collected.
func (c *Check) Run(ctx context.Context) (probes.Result, error) {
	watch := probes.StartStopwatch()
	w, err := c.lookUpAndPing(ctx, &watch)
	if err != nil {
		return probes.NewResult(Title, &watch, netip.Addr{}, err, &Details{})
	}
	result := probes.Result{Title: Title, Began: watch.Began()}
	c.judge(&result, w, &watch)
	if !result.Up() && ctx.Err() == context.Canceled {
		return probes.Result{}, fmt.Errorf("pinging %s: %w", w.to, context.Canceled)
	}
	if result.TimedOut {
		if err := w.overflow(); err != nil {
			return probes.Result{}, err
		}
	}
	return result, nil
}

// lookUpAndPing looks the host up, unless it is an address, and pings it.
func (c *Check) lookUpAndPing(ctx context.Context, watch *probes.Stopwatch) (*series, error) {
	if c.literal.IsValid() {
		only := [...]netip.Addr{c.literal}
		return c.ping(ctx, only[:])
	}
	addrs, err := c.probe.resolver.Lookup(ctx, c.host, c.family)
	watch.Lap(probes.PhaseDNS)
	if err != nil {
		return nil, err
	}
	return c.ping(ctx, addrs)
}

// ping pings the first address that this machine has a way to. The error is an *probes.OwnFault or Is
// context.Canceled.
func (c *Check) ping(ctx context.Context, addrs []netip.Addr) (w *series, err error) {
	for _, to := range addrs {
		s, noSocket := c.probe.way(to).get(ctx)
		if noSocket != nil {
			err = first(err, noSocket)
			continue
		}
		w, own := s.ping(ctx, to, c.count)
		if own == nil || len(w.packets) > 1 || ctx.Err() != nil {
			return w, own
		}
		err = first(err, own)
	}
	return nil, err
}

func first(err, next error) error {
	if err != nil {
		return err
	}
	return next
}

// judge says what came of the series.
func (c *Check) judge(r *probes.Result, w *series, watch *probes.Stopwatch) {
	watch.Lap(probes.PhaseWait)
	var few [8]time.Duration // no allocation
	sent, trips := len(w.packets), w.trips(few[:0])
	details, mean := newDetails(sent, trips)
	r.Details, r.IP = details, w.to
	if len(trips) > 0 {
		r.Took = mean.Truncate(time.Microsecond)
		r.Timings.Add(probes.PhaseWait, r.Took)
	} else {
		r.Took, r.Timings = watch.Stop(), watch.Timings
	}
	lost := 100 * float64(sent-len(trips)) / float64(sent)
	switch {
	case len(trips) == 0 && w.why != "":
		r.Reason, r.Error = probes.Unreachable, w.why
	case len(trips) == 0:
		waited := time.Since(w.began).Round(time.Millisecond)
		r.Reason, r.Error = probes.Timeout, fmt.Sprintf("no answer to %s within %v", packets(sent), waited)
	case c.maxLoss >= 0 && lost > c.maxLoss:
		r.Reason = probes.Loss
		r.Error = fmt.Sprintf("%d of %s %s lost (%.3g%%), at most %.3g%% are allowed", sent-len(trips), packets(sent), was(sent-len(trips)), lost, c.maxLoss)
	default:
		r.Reason = probes.OK
	}
	r.TimedOut = !r.Up() && w.settled < sent
}

func packets(n int) string {
	if n == 1 {
		return "1 packet"
	}
	return fmt.Sprintf("%d packets", n)
}

func was(n int) string {
	if n == 1 {
		return "was"
	}
	return "were"
}

// way is how packets to an address are sent.
func (p *Probe) way(to netip.Addr) *way {
	if to.Is4() {
		return &p.ways[0]
	}
	return &p.ways[1]
}
