// Package http is the probe for http and https targets. It owns its connection: it resolves, dials, shakes hands,
// writes the request, waits for the first byte and reads the body itself, so that it knows where the time of a
// check went and whose fault a failure is. Where package names meet, it is imported as httpprobe.
package http

import (
	"errors"
	"sync"

	"github.com/uptimer/uptimer/events/plugin"
	"github.com/uptimer/uptimer/internal/setting"
	"github.com/uptimer/uptimer/probes"
	"github.com/uptimer/uptimer/targets"
)

// Title is the type of the events that this probe makes.
const Title = "HTTPProbeEvent"

// Plugin is the HTTP probe.
var Plugin = plugin.Define(targets.HTTP, "checks http and https URLs: status, body, redirects, certificate",
	func(c Config, _ plugin.Host) (probes.Probe, error) { return New(c) })

// Probe makes checks of http and https targets and holds what they share. Its methods may not be called
// concurrently; its checks may run at the same time.
type Probe struct {
	config   Config
	resolver *probes.Resolver
	proxies  proxies
	options  probes.OptionsCache[options]
	verifies probes.TLSVerifies // of the https targets that are there

	mu   sync.Mutex
	idle map[*Check]*conn // kept-alive connections that no check uses at the moment
}

// New makes the probe. Its error is setting.Mistakes.
func New(c Config) (*Probe, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return &Probe{
		config:   c,
		resolver: probes.SharedResolver(c.Resolver),
		proxies:  c.proxies(),
		verifies: probes.TLSVerifies{},
		idle:     map[*Check]*conn{},
	}, nil
}

// Prepare makes a target ready to be checked. Targets with equal options share what is made of them.
func (p *Probe) Prepare(t targets.Target) (probes.Check, error) {
	var ms setting.Mistakes
	options, err := p.optionsOf(t.Options)
	ms.Join("", err)
	at := place{t.Parts()}
	if at.Protocol() != targets.HTTP {
		ms.Add("url", t.Shown(), errors.New("no http or https URL; want one such as https://example.com/health"))
	} else if err := p.config.CheckHost(at.Hostname, t.Options); err != nil && p.isDirect(at) {
		ms.Add("url", t.Shown(), err)
	}
	if err := ms.Err(); err != nil {
		return nil, err
	}
	if at.https() {
		p.verifies[options.verify] = struct{}{}
	}
	return &Check{probe: p, options: options, url: t.URL}, nil
}

// isDirect tells whether a place is connected to without a proxy, which could have a way to any address.
func (p *Probe) isDirect(at place) bool {
	proxy, err := p.proxies.forPlace(at)
	return proxy == nil && err == nil
}

// Start finds out whether this machine can check the certificates that are to be checked.
func (p *Probe) Start() error { return p.verifies.CheckSystemRoots() }

// Close closes the connections that were kept alive.
func (p *Probe) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for check, c := range p.idle {
		delete(p.idle, check)
		c.close()
	}
	return nil
}

// keep stores a connection for the next run of a check, if there will be one.
func (p *Probe) keep(check *Check, c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if check.closed {
		c.close()
		return
	}
	p.idle[check] = c
}

// take returns the connection that a check has kept, or nil.
func (p *Probe) take(check *Check) *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.idle[check]
	delete(p.idle, check)
	return c
}

// forget closes the connection that a check has kept, or keeps later: its target has left the list, maybe in the
// middle of a run.
func (p *Probe) forget(check *Check) {
	p.mu.Lock()
	defer p.mu.Unlock()
	check.closed = true
	if c := p.idle[check]; c != nil {
		delete(p.idle, check)
		c.close()
	}
}
