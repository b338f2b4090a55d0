package http

import (
	"errors"
	"strings"

	"golang.org/x/net/http/httpguts"

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
	headers   []header
	host      string // the Host header that was asked for; empty: that of the URL
	expected  targets.StatusSet
	verify    probes.TLSVerify
	redirects int
	keepAlive bool
	family    probes.Family
}

// header is one line of a request's header.
type header struct{ name, value string }

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
	made.method, _ = parseMethod(config.Method) // Validate has checked it
	probes.ReadOption(&ms, "regex", o.Regex, &made.regex, probes.ParseRegex)
	probes.ReadOption(&ms, "method", o.Method, &made.method, parseMethod)
	probes.ReadOption(&ms, "expected_status", o.ExpectedStatus, &made.expected, targets.ParseStatusSet)
	probes.ReadOption(&ms, "tls_verify", o.TLSVerify, &made.verify, probes.ParseTLSVerify)
	probes.ReadOption(&ms, "follow_redirects", o.FollowRedirects, &made.redirects, setting.ParseCount)
	probes.ReadOption(&ms, "keepalive", o.KeepAlive, &made.keepAlive, setting.ParseYesNo)
	probes.ReadOption(&ms, "ip_family", o.IPFamily, &made.family, probes.ParseFamily)
	made.parseHeaders(&ms, o)
	return made, ms.Err()
}

// parseHeaders reads the target's own headers. A header's value may be a secret: only its name is shown.
func (o *options) parseHeaders(ms *setting.Mistakes, from targets.Options) {
	for line := range strings.SplitSeq(from.Headers, "\n") {
		if line == "" {
			continue
		}
		name, value, colon := strings.Cut(line, ":")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if !colon || !httpguts.ValidHeaderFieldName(name) {
			ms.Add("headers", "", errors.New("a line is no header; want Name: value")) // not shown: it may be a secret
			continue
		}
		if err := checkHeader(name, value); err != nil {
			ms.Add("headers", name, err)
			continue
		}
		if strings.EqualFold(name, "Host") {
			o.host = value
			continue
		}
		o.headers = append(o.headers, header{name, value})
	}
}

func checkHeader(name, value string) error {
	switch {
	case !httpguts.ValidHeaderFieldValue(value):
		return errors.New("its value holds a control character; want printable text")
	case strings.EqualFold(name, "Host") && !httpguts.ValidHostHeader(value):
		return errors.New("not a host; want a name or address, with or without a port")
	case strings.EqualFold(name, "Content-Length"), strings.EqualFold(name, "Transfer-Encoding"):
		return errors.New("follows from the body; leave it out")
	}
	return nil
}
