// Package icmp is the probe for icmp targets: it sends echo requests ("ping") and measures loss and round trips. All
// checks of an address family share one socket for the answers. Who sends reads what has come; the rest is left to one
// goroutine.
package icmp

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/uptimer/uptimer/events/plugin"
	"github.com/uptimer/uptimer/internal/setting"
	"github.com/uptimer/uptimer/probes"
	"github.com/uptimer/uptimer/targets"
)

// Title is the type of the events that this probe makes.
const Title = "ICMPProbeEvent"

// Plugin is the ICMP probe.
var Plugin = plugin.Define(targets.ICMP, "pings icmp targets: loss and round-trip times",
	func(c Config, _ plugin.Host) (probes.Probe, error) { return New(c) })

// Probe makes checks of icmp targets and holds the sockets that they share. Prepare, Start and Close may not be
// called concurrently with themselves or each other; checks may run at any time between Start and Close.
type Probe struct {
	config   Config
	resolver *probes.Resolver
	ways     [2]way // of IPv4 and of IPv6
}

// way is how packets of one family are sent: through a socket, or not at all and why.
type way struct {
	socket atomic.Pointer[socket]
	mu     sync.Mutex
	err    error // why there is no socket
}

// New makes the probe. It opens nothing; Start does. Its error is setting.Mistakes.
func New(c Config) (*Probe, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return &Probe{config: c, resolver: probes.SharedResolver(c.Resolver)}, nil
}

// Prepare makes a target ready to be checked.
func (p *Probe) Prepare(t targets.Target) (probes.Check, error) {
	var ms setting.Mistakes
	at := t.Parts()
	c := &Check{probe: p, host: at.Hostname, count: int(p.config.Count), maxLoss: noMaxLoss, family: p.config.IPFamily}
	if at.Protocol() != targets.ICMP {
		ms.Add("url", t.Shown(), errors.New("no icmp URL; want one such as icmp://192.0.2.7"))
	} else if err := p.config.CheckHost(at.Hostname, t.Options); err != nil {
		ms.Add("url", t.Shown(), err)
	}
	probes.ReadOption(&ms, "count", t.Options.Count, &c.count, targets.ParsePacketCount)
	probes.ReadOption(&ms, "max_loss", t.Options.MaxLoss, &c.maxLoss, targets.ParsePercent)
	probes.ReadOption(&ms, "ip_family", t.Options.IPFamily, &c.family, probes.ParseFamily)
	if span := time.Duration(c.count-1) * spacing; len(ms) == 0 && t.Timeout > 0 && span >= t.Timeout {
		ms.Add("timeout", t.Timeout.String(), fmt.Errorf(
			"too short for %d echo requests %v apart; want more than %v (it is cut to nine tenths of the interval), or a smaller count", c.count, spacing, span))
	}
	if _, err := netip.ParseAddr(c.host); err == nil && len(ms) == 0 {
		addrs, err := p.resolver.Lookup(context.Background(), c.host, c.family) // which asks nobody
		if err != nil {
			ms.Add("ip_family", string(c.family), err)
		} else {
			c.literal = addrs[0]
		}
	}
	if err := ms.Err(); err != nil {
		return nil, err
	}
	return c, nil
}

// Start opens, for each address family, the kind of socket that this machine permits. Its error is a sentence that
// says what is missing for IPv4. What is missing for IPv6, or that there is no IPv6 here, is no error of the start
// but the own fault of each check of an IPv6 address. Start may be called again: what is open stays, the rest is
// tried again.
func (p *Probe) Start() error {
	if err := p.ways[0].open(ipv4Family); err != nil && !errors.Is(err, errNoFamily) {
		return err
	}
	_ = p.ways[1].open(ipv6Family) // kept for the checks
	return nil
}

// open opens the socket unless it is open already.
func (w *way) open(f family) error {
	if w.socket.Load() != nil {
		return nil
	}
	wire, err := open(f)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.err = err
	if err == nil {
		w.socket.Store(newSocket(wire, f))
	}
	return err
}

// get returns the socket, or the *probes.OwnFault that says why there is none.
func (w *way) get(ctx context.Context) (*socket, error) {
	if s := w.socket.Load(); s != nil {
		return s, nil
	}
	w.mu.Lock()
	err := w.err
	w.mu.Unlock()
	var own *probes.OwnFault
	switch {
	case err == nil:
		return nil, &probes.OwnFault{Cause: probes.CauseInternal, Err: errors.New("a check ran before Start or after Close")}
	case errors.Is(err, errDenied):
		return nil, &probes.OwnFault{Cause: probes.CausePermission, Err: err}
	case errors.Is(err, errNoFamily):
		return nil, &probes.OwnFault{Cause: probes.CauseRoute, Err: err}
	case errors.As(probes.Explain(ctx, "opening an ICMP socket", err), &own):
		return nil, own
	}
	return nil, &probes.OwnFault{Cause: probes.CauseInternal, Err: err}
}

// Close closes the sockets, and returns when those who read them have ended.
func (p *Probe) Close() error {
	var errs []error
	for i := range p.ways {
		if s := p.ways[i].socket.Swap(nil); s != nil {
			errs = append(errs, s.close())
		}
	}
	return errors.Join(errs...)
}
