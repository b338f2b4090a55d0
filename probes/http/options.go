package http

import (
	"strings"

	"github.com/uptimer/uptimer/internal/setting"
	"github.com/uptimer/uptimer/probes"
	"github.com/uptimer/uptimer/targets"
)

// options is what a target's options and the environment come to. It is shared by all checks with the same
// options and never changes.
type options struct {
	regex     *probes.Regex // nil: none
	method    string
	body      string
	headers   []targets.Header
	host      string // the Host header that was asked for; empty: that of the URL
	expected  targets.StatusSet
	verify    probes.TLSVerify
	redirects int
	keepAlive bool
	family    probes.Family
}

// optionsOf returns the options of a target, shared with those that have the same. Its error is setting.Mistakes.
func (p *Probe) optionsOf(o *targets.Options) (*options, error) {
	key := targets.Options{
		Regex: o.Regex, Method: o.Method, Body: o.Body, Headers: o.Headers, ExpectedStatus: o.ExpectedStatus,
		TLSVerify: o.TLSVerify, FollowRedirects: o.FollowRedirects, KeepAlive: o.KeepAlive, IPFamily: o.IPFamily,
	}
	return p.options.Get(key, func() (*options, error) { return parseOptions(key, p.config) })
}

// parseOptions reads what a target says for itself, and takes the rest from the environment.
func parseOptions(o targets.Options, config Config) (*options, error) {
	var ms setting.Mistakes
	made := &options{
		body: o.Body, verify: config.TLSVerify, redirects: int(config.FollowRedirects),
		expected: config.ExpectedStatus, keepAlive: bool(config.KeepAlive), family: config.IPFamily,
	}
	made.method, _ = targets.ParseMethod(config.Method) // Validate has checked it
	probes.ReadOption(&ms, "regex", o.Regex, &made.regex, probes.ParseRegex)
	probes.ReadOption(&ms, "method", o.Method, &made.method, targets.ParseMethod)
	probes.ReadOption(&ms, "expected_status", o.ExpectedStatus, &made.expected, targets.ParseStatusSet)
	probes.ReadOption(&ms, "tls_verify", o.TLSVerify, &made.verify, probes.ParseTLSVerify)
	probes.ReadOption(&ms, "follow_redirects", o.FollowRedirects, &made.redirects, setting.ParseCount)
	probes.ReadOption(&ms, "keepalive", o.KeepAlive, &made.keepAlive, setting.ParseYesNo)
	probes.ReadOption(&ms, "ip_family", o.IPFamily, &made.family, probes.ParseFamily)
	made.readHeaders(&ms, o.Headers)
	return made, ms.Err()
}

// readHeaders reads the target's own headers.
func (o *options) readHeaders(ms *setting.Mistakes, lines string) {
	headers, err := targets.ParseHeaders(lines)
	ms.Join("", err)
	for _, h := range headers {
		if strings.EqualFold(h.Name, "Host") {
			o.host = h.Value
			continue
		}
		o.headers = append(o.headers, h)
	}
}
