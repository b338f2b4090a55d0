// Package tcp is the probe for tcp targets: it connects, speaks TLS if asked to, sends, and waits for what is
// expected. Where package names meet, it is imported as tcpprobe.
package tcp

import (
	"errors"

	"github.com/uptimer/uptimer/events/plugin"
	"github.com/uptimer/uptimer/internal/setting"
	"github.com/uptimer/uptimer/probes"
	"github.com/uptimer/uptimer/targets"
)

// Title is the type of the events that this probe makes.
const Title = "TCPProbeEvent"

// Plugin is the TCP probe.
var Plugin = plugin.Define(targets.TCP, "checks tcp ports: connect, TLS, send and expect",
	func(c Config, _ plugin.Host) (probes.Probe, error) { return New(c) })

// Config is what the environment says about TCP checks. It is only in force where a target says nothing.
type Config struct {
	probes.NetworkConfig
	probes.TLSConfig
}

// Validate returns setting.Mistakes that name the variables, or nil.
func (c Config) Validate() error { return c.NetworkConfig.Validate() }

// Probe makes checks of tcp targets and holds what they share. Its methods may not be called concurrently; its
// checks may run at the same time.
type Probe struct {
	config   Config
	resolver *probes.Resolver
	options  probes.OptionsCache[options]
	verifies probes.TLSVerifies // of the targets with TLS
}

// New makes the probe. Its error is setting.Mistakes.
func New(c Config) (*Probe, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return &Probe{config: c, resolver: probes.SharedResolver(c.Resolver), verifies: probes.TLSVerifies{}}, nil
}

// Prepare makes a target ready to be checked. Targets with equal options share what is made of them.
func (p *Probe) Prepare(t targets.Target) (probes.Check, error) {
	var ms setting.Mistakes
	options, err := p.optionsOf(t.Options)
	ms.Join("", err)
	at := t.Parts()
	if at.Protocol() != targets.TCP {
		ms.Add("url", t.Shown(), errors.New("no tcp URL; want one such as tcp://db.example.com:5432"))
	} else if err := p.config.CheckHost(at.Hostname, t.Options); err != nil {
		ms.Add("url", t.Shown(), err)
	}
	if err := ms.Err(); err != nil {
		return nil, err
	}
	if options.tls {
		p.verifies[options.verify] = struct{}{}
	}
	return &Check{probe: p, options: options, host: at.Hostname, port: at.Port}, nil
}

// Start finds out whether this machine can check the certificates that are to be checked.
func (p *Probe) Start() error { return p.verifies.CheckSystemRoots() }

// Close does nothing: no connection outlives its check.
func (p *Probe) Close() error { return nil }
