package http

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"weak"

	"golang.org/x/net/http/httpguts"

	"github.com/uptimer/uptimer/internal/setting"
	"github.com/uptimer/uptimer/probes"
	"github.com/uptimer/uptimer/targets"
)

// options is what a target's options and the environment come to. It is shared by all checks with the same
// options and never changes.
type options struct {
	regex     *regexp.Regexp // nil: none
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

// optionsCache finds the options that were made before. It does not keep them: when the last check with certain
// options has left the list, they can be collected.
type optionsCache struct {
	made  map[targets.Options]weak.Pointer[options]
	sweep int // how many entries there may be before those that were collected are looked for
}

// get returns the shared options. Its error is setting.Mistakes.
func (c *optionsCache) get(o targets.Options, config Config) (*options, error) {
	key := targets.Options{ // ours alone, so that targets which differ in labels only share
		Regex: o.Regex, Method: o.Method, Body: o.Body, Headers: o.Headers, ExpectedStatus: o.ExpectedStatus,
		TLSVerify: o.TLSVerify, FollowRedirects: o.FollowRedirects, KeepAlive: o.KeepAlive, IPFamily: o.IPFamily,
	}
	if made := c.made[key].Value(); made != nil {
		return made, nil
	}
	made, err := parseOptions(key, config)
	if err != nil {
		return nil, err
	}
	if c.made == nil {
		c.made = map[targets.Options]weak.Pointer[options]{}
	}
	if len(c.made) >= c.sweep {
		for k, p := range c.made {
			if p.Value() == nil {
				delete(c.made, k)
			}
		}
		c.sweep = 2*len(c.made) + 16
	}
	c.made[key] = weak.Make(made)
	return made, nil
}

// parseOptions reads what a target says for itself, and takes the rest from the environment.
func parseOptions(o targets.Options, config Config) (*options, error) {
	var ms setting.Mistakes
	made := &options{
		body: o.Body, verify: config.TLSVerify, redirects: int(config.FollowRedirects),
		expected: config.ExpectedStatus, keepAlive: bool(config.KeepAlive), family: config.IPFamily,
	}
	made.method, _ = parseMethod(config.Method) // Validate has checked it
	read(&ms, "regex", o.Regex, &made.regex, parseRegex)
	read(&ms, "method", o.Method, &made.method, parseMethod)
	read(&ms, "expected_status", o.ExpectedStatus, &made.expected, targets.ParseStatusSet)
	read(&ms, "tls_verify", o.TLSVerify, &made.verify, probes.ParseTLSVerify)
	read(&ms, "follow_redirects", o.FollowRedirects, &made.redirects, setting.ParseCount)
	read(&ms, "keepalive", o.KeepAlive, &made.keepAlive, setting.ParseYesNo)
	read(&ms, "ip_family", o.IPFamily, &made.family, probes.ParseFamily)
	made.parseHeaders(&ms, o)
	return made, ms.Err()
}

// read parses a field that is set.
func read[T any](ms *setting.Mistakes, field, text string, to *T, parse func(string) (T, error)) {
	if text == "" {
		return
	}
	value, err := parse(text)
	if err != nil {
		ms.Add(field, text, err)
		return
	}
	*to = value
}

func parseRegex(text string) (*regexp.Regexp, error) {
	regex, err := regexp.Compile(text)
	if err != nil {
		cause := strings.TrimPrefix(err.Error(), "error parsing regexp: ")
		return nil, fmt.Errorf("not a regular expression (%s); want one as Go's regexp reads it", cause)
	}
	return regex, nil
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
