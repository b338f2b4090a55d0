package tcp

import (
	"github.com/uptimer/uptimer/internal/setting"
	"github.com/uptimer/uptimer/probes"
	"github.com/uptimer/uptimer/targets"
)

// options is what a target's options and the environment come to. It is shared by all checks with the same options
// and never changes.
type options struct {
	tls    bool
	verify probes.TLSVerify
	family probes.Family
	send   []byte        // empty: nothing
	expect *probes.Regex // nil: nothing
}

// optionsOf returns the options of a target, shared with those that have the same. Its error is setting.Mistakes.
func (p *Probe) optionsOf(o *targets.Options) (*options, error) {
	key := targets.Options{Send: o.Send, Expect: o.Expect, TLS: o.TLS, TLSVerify: o.TLSVerify, IPFamily: o.IPFamily}
	return p.options.Get(key, func() (*options, error) { return parseOptions(key, p.config) })
}

// parseOptions reads what a target says for itself, and takes the rest from the environment.
func parseOptions(o targets.Options, config Config) (*options, error) {
	var ms setting.Mistakes
	made := &options{verify: config.TLSVerify, family: config.IPFamily}
	probes.ReadOption(&ms, "tls", o.TLS, &made.tls, setting.ParseYesNo)
	probes.ReadOption(&ms, "tls_verify", o.TLSVerify, &made.verify, probes.ParseTLSVerify)
	probes.ReadOption(&ms, "ip_family", o.IPFamily, &made.family, probes.ParseFamily)
	probes.ReadOption(&ms, "expect", o.Expect, &made.expect, probes.ParseRegex)
	var err error
	if made.send, err = targets.Unescape(o.Send); err != nil {
		ms.Add("send", "", err) // not shown: it may hold a password
	}
	return made, ms.Err()
}
