package events_test

import (
	"math"
	"net/netip"
	"testing"
	"time"

	"github.com/uptimer/uptimer/events/eventstest"
	"github.com/uptimer/uptimer/probes"
	httpprobe "github.com/uptimer/uptimer/probes/http"
	"github.com/uptimer/uptimer/probes/icmp"
	"github.com/uptimer/uptimer/probes/tcp"
	"github.com/uptimer/uptimer/targets"
)

// If this failed, what our own probes see would be judged slowly, so that they could not keep their rhythm.
func TestQuickTakesWhatProbesSee(t *testing.T) {
	status, size, yes, version := 200, int64(math.MaxInt64), true, "TLS 1.3"
	odd := "\x00\n\"<é>\\ \u2028\xff 😀"
	expires, trip := probes.FormatTime(time.Now()), probes.Millis(1234567*time.Nanosecond)
	tls := probes.TLSDetails{TLSVersion: &version, CertificateExpiresAt: &expires}
	for _, test := range []struct {
		title, url string
		details    any
	}{
		{"HTTPProbeEvent", "https://example.com/?q=%C3%A4", httpprobe.Details{
			Method: "GET", StatusCode: &status, HTTPVersion: &odd, Regex: odd, MatchesRegex: &yes, BodyBytes: &size, FinalURL: &odd, TLSDetails: tls,
		}},
		{"HTTPProbeEvent", "http://[::1]:8080/", httpprobe.Details{Method: "GET"}},
		{"TCPProbeEvent", "tcp://example.com:5432", tcp.Details{TLSDetails: tls, MatchesExpect: &yes}},
		{"TCPProbeEvent", "tcp://example.com:5432", tcp.Details{}},
		{"ICMPProbeEvent", "icmp://192.0.2.1", icmp.Details{PacketsSent: 5, PacketsReceived: 5, RTTMin: &trip, RTTAvg: &trip, RTTMax: &trip, RTTStddev: new(probes.Millis)}},
		{"ICMPProbeEvent", "icmp://192.0.2.1", icmp.Details{PacketsSent: 1}},
	} {
		target := targets.Target{URL: test.url, Options: &targets.Options{Labels: `{"a":"<\"é","b":""}`}}
		for _, reason := range []probes.Reason{probes.OK, probes.Timeout} {
			r := probes.Result{Title: test.title, Began: time.Now(), Took: 83412 * time.Microsecond, Reason: reason, Details: test.details}
			if !r.Up() {
				r.Error, r.IP = odd, netip.MustParseAddr("fe80::1%eth0")
				r.Timings.Add(probes.PhaseDNS, 0)
				r.Timings.Add(probes.PhaseConnect, r.Took)
				target.Name = odd
			}
			e, err := probes.NewEvent(eventstest.Catalog(t), probes.Where{Location: odd, Instance: "é"}, target, r.Began, r)
			if err != nil || !eventstest.Catalog(t).Quickly(e.JSON()) {
				t.Errorf("%s is judged slowly, %v", e.JSON(), err)
			}
		}
	}
}
