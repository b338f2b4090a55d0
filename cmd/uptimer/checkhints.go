package main

import (
	"strings"
	"time"

	"github.com/uptimer/uptimer/probes"
)

// hints say what to do next, by the reason of an outage.
var hints = map[string]string{
	string(probes.DNS):         "is the name spelled right? PROBE_RESOLVER=host:port asks another DNS server",
	string(probes.Refused):     "is the service running, and at this port?",
	string(probes.Unreachable): "look at the routing, and for a firewall that rejects",
	string(probes.Timeout):     "overload, or a firewall that drops? PROBE_TIMEOUT sets how long to wait",
	string(probes.Reset):       "a crash, a restart, or a limit on connections? look into the server's log",
	string(probes.TLS):         "is it the right port? look at the TLS versions, and whether a client certificate is wanted",
	string(probes.Certificate): "is it for this name? PROBE_TLS_VERIFY takes the CA file of a private authority",
	string(probes.Protocol):    "is it the right port, and the right scheme?",
	string(probes.Status):      "look into the server's log; PROBE_EXPECTED_STATUS sets which statuses mean up",
	string(probes.Body):        "look at what it sends; PROBE_REGEXES sets what that must match",
	string(probes.Redirect):    "look where the server sends its visitors; PROBE_FOLLOW_REDIRECTS sets how far to follow",
	string(probes.Loss):        "a busy network or host? PROBE_ICMP_COUNT sets how many packets are sent",
}

// hint says what to do next, if that is known.
func hint(v view) string {
	switch {
	case v.Reason == string(probes.Body) && v.Regex == nil:
		return "look at what it sends"
	case v.Reason == string(probes.Certificate) && v.isExpired() && strings.Contains(v.Error, "expired"):
		return "renew the certificate"
	}
	return hints[v.Reason]
}

// isExpired tells whether the certificate had expired when it was seen.
func (v view) isExpired() bool {
	if v.CertificateExpiresAt == nil {
		return false
	}
	expires, err := time.Parse(time.RFC3339, *v.CertificateExpiresAt)
	checked, wrong := time.Parse(time.RFC3339, v.EventTime)
	return err == nil && wrong == nil && expires.Before(checked)
}

// faultHints say what to do next, by the cause of a check that could not be made. Where there is none, the cause
// says it itself.
var faultHints = map[probes.Cause]string{
	probes.CauseResolver: "look at the DNS settings of this machine; PROBE_RESOLVER=host:port asks another DNS server",
	probes.CausePorts:    "too many connections from this machine? try again in a minute",
	probes.CauseRoute:    "look at the network of this machine; PROBE_IP_FAMILY=4 or 6 chooses the kind of address",
	probes.CauseProxy:    "is PROBE_PROXY right? with PROBE_PROXY=off no proxy is asked",
	probes.CauseStarved:  "check again",
	probes.CauseInternal: "this is a defect of uptimer: please report it",
}
