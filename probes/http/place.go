package http

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/uptimer/uptimer/targets"
)

// place is where an http or https URL points to.
type place struct{ targets.Parts }

// placeOf takes a URL apart that did not come from a list of targets: a redirect's, a proxy's. Its errors do not
// repeat the URL.
func placeOf(u *url.URL) (place, error) {
	if u.Scheme != "http" && u.Scheme != "https" {
		return place{}, fmt.Errorf("its scheme is %.20q; want http or https", u.Scheme)
	}
	if u.Host == "" {
		return place{}, errors.New("it has no host; want http://host/path")
	}
	text := u.Scheme + "://" + escapeZone(u.Host) + string(appendEscaped(nil, u.RequestURI()))
	at := place{targets.Target{URL: text}.Parts()}
	if at.Hostname == "" {
		return place{}, errors.New("its host or port can be nobody's; want http://host:port/path")
	}
	at.User = u.User
	return at, nil
}

func (at place) https() bool { return at.Scheme == "https" }

// same tells whether two places are the same scheme, host and port.
func (at place) same(as place) bool {
	return at.Scheme == as.Scheme && at.Hostname == as.Hostname && at.Port == as.Port
}

// upgradedTo tells whether to is the same host reached by https instead of http, both at their usual ports.
func (at place) upgradedTo(to place) bool {
	return !at.https() && to.https() && at.Hostname == to.Hostname && at.Port == 80 && to.Port == 443
}

// hostHeader is what the Host header says of it: the port only if it is not the scheme's own, no IPv6 zone.
func (at place) hostHeader() string { return string(at.appendHost(nil)) }

func (at place) appendHost(out []byte) []byte {
	host, _, _ := strings.Cut(at.Hostname, "%")
	return at.appendWithPort(out, host)
}

// appendWithPort writes a host and at's port, unless that is the scheme's own.
func (at place) appendWithPort(out []byte, host string) []byte {
	if strings.Contains(host, ":") {
		out = append(append(append(out, '['), host...), ']')
	} else {
		out = append(out, host...)
	}
	if at.https() && at.Port == 443 || !at.https() && at.Port == 80 {
		return out
	}
	return strconv.AppendUint(append(out, ':'), uint64(at.Port), 10)
}

// String is the URL without user, password and fragment.
func (at place) String() string {
	return at.Scheme + "://" + string(at.appendWithPort(nil, escapeZone(at.Hostname))) + at.RequestPath()
}

// escapeZone makes of an address with a zone what stands for it in a URL.
func escapeZone(host string) string { return strings.Replace(host, "%", "%25", 1) }

// url is the URL as package url has it, without user and password.
func (at place) url() *url.URL {
	u, err := url.Parse(at.String())
	if err != nil { // Parts are stricter than package url
		return &url.URL{Scheme: at.Scheme, Host: at.hostHeader(), Path: "/"}
	}
	return u
}

// appendEscaped writes path and query, and escapes what package url lets stand in a query but would break the
// request line: spaces and bytes beyond ASCII.
func appendEscaped(out []byte, target string) []byte {
	const hex = "0123456789ABCDEF"
	for i := range len(target) {
		if c := target[i]; c <= ' ' || c >= 0x7f {
			out = append(out, '%', hex[c>>4], hex[c&15])
		} else {
			out = append(out, c)
		}
	}
	return out
}
