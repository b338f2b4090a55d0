package icmp

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/uptimer/uptimer/events/plugin"
	"github.com/uptimer/uptimer/internal/servertest"
	"github.com/uptimer/uptimer/internal/setting"
	"github.com/uptimer/uptimer/internal/unhurried"
	"github.com/uptimer/uptimer/probes"
	"github.com/uptimer/uptimer/probes/probestest"
	"github.com/uptimer/uptimer/targets"
)

// A mistake in the settings would be found at night, in the figures.
func TestMistakesOfTheSettings(t *testing.T) {
	for _, c := range [][2]string{
		{"PROBE_ICMP_COUNT=0", `PROBE_ICMP_COUNT="0": not a count of packets; want a whole number from 1 to 1000`},
		{"PROBE_ICMP_COUNT=1001", `PROBE_ICMP_COUNT="1001": not a count of packets; want a whole number from 1 to 1000`},
		{"PROBE_ICMP_COUNT=two", `PROBE_ICMP_COUNT="two": not a count; want a whole number such as 3`},
		{"PROBE_IP_FAMILY=5", `PROBE_IP_FAMILY="5": unknown; want one of any, 4, 6`},
		{"PROBE_RESOLVER=:::", `PROBE_RESOLVER=":::": not a DNS server; want host:port such as 192.0.2.53:53 or [2001:db8::53]:53`},
	} {
		_, err := Plugin.Open(plugin.NewEnvironment([]string{c[0]}), plugin.Host{})
		if err == nil || err.Error() != c[1] {
			t.Errorf("%s: %v", c[0], err)
		}
	}
}

// A mistake in a list would be found at night, or only one of many at a time.
func TestMistakesOfTargets(t *testing.T) {
	for _, c := range []struct {
		url     string
		timeout time.Duration
		o       targets.Options
		want    string
	}{
		{"https://example.com", 0, targets.Options{}, `url="https://example.com": no icmp URL; want one such as icmp://192.0.2.7`},
		{"icmp://a", 0, targets.Options{Count: "-1", MaxLoss: "101", IPFamily: "ipv6"}, `count="-1": not a count of packets; want a whole number from 1 to 1000` + "\n" +
			`max_loss="101": not a percentage; want a number from 0 to 100` + "\n" + `ip_family="ipv6": unknown; want one of any, 4, 6`},
		{"icmp://a", 900 * time.Millisecond, targets.Options{Count: "10"},
			`timeout="900ms": too short for 10 echo requests 100ms apart; want more than 900ms (it is cut to nine tenths of the interval), or a smaller count`},
		{"icmp://a", 901 * time.Millisecond, targets.Options{Count: "10"}, ""},
	} {
		_, err := probeWith(t).Prepare(targets.Target{URL: c.url, Timeout: c.timeout, Options: &c.o})
		var ms setting.Mistakes
		switch {
		case c.want == "" && err != nil, c.want != "" && (!errors.As(err, &ms) || err.Error() != c.want):
			t.Errorf("%s %v: %v", c.url, c.o, err)
		}
	}
}

// resolveTo makes a probe ask a DNS server that knows both.example (127.0.0.1 and ::1) and six.example (::1).
func resolveTo(t *testing.T, p *Probe) {
	t.Helper()
	p.resolver = probes.SharedResolver(servertest.ServePackets(t, dnsAnswer))
}

func dnsAnswer(question []byte) []byte {
	var m dnsmessage.Message
	if m.Unpack(question) != nil || len(m.Questions) != 1 {
		return nil
	}
	q := m.Questions[0]
	m.Response, m.Additionals = true, nil
	head := dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, Type: q.Type}
	switch name := q.Name.String(); {
	case name != "both.example." && name != "six.example.":
		m.RCode = dnsmessage.RCodeNameError
	case q.Type == dnsmessage.TypeAAAA:
		m.Answers = []dnsmessage.Resource{{Header: head, Body: &dnsmessage.AAAAResource{AAAA: netip.IPv6Loopback().As16()}}}
	case q.Type == dnsmessage.TypeA && name == "both.example.":
		m.Answers = []dnsmessage.Resource{{Header: head, Body: &dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}}}}
	}
	answer, _ := m.Pack()
	return answer
}

// echoing answers every request at once.
func echoing(w *fakeWire, _ int, request []byte, to netip.Addr) error {
	w.after(0, replyTo(request), to)
	return nil
}

// A name that does not exist would look like a host that does not answer.
func TestNoSuchName(t *testing.T) {
	p, w := fakeProbe(t, echoing)
	defer p.Close()
	resolveTo(t, p)
	r, d := runFor(t, probestest.Patience, probestest.Prepare(t, p, "icmp://nobody.example", targets.Options{}))
	if r.Reason != probes.DNS || !strings.Contains(r.Error, "nobody.example") || r.IP.IsValid() || d.PacketsSent != 0 || len(w.sent) != 0 {
		t.Errorf("%+v %+v", r, d)
	}
	if _, had := r.Timings.Get(probes.PhaseDNS); !had {
		t.Error("no dns phase")
	}
}

// A host that is up would not be checked because this machine cannot ping one of its addresses; or the wrong one of
// its addresses would be named.
func TestTheFirstAddressThatCanBePinged(t *testing.T) {
	p, _ := fakeProbe(t, echoing)
	defer p.Close()
	resolveTo(t, p)
	p.ways[1].err = errDenied
	r, _ := runFor(t, probestest.Patience, probestest.Prepare(t, p, "icmp://both.example", targets.Options{}))
	expect(t, r, probes.OK, "", false)
	if wait, _ := r.Timings.Get(probes.PhaseWait); r.IP.String() != "127.0.0.1" || r.Took != wait {
		t.Errorf("%+v", r)
	}
	_, err := probestest.Prepare(t, p, "icmp://six.example", targets.Options{}).Run(probestest.Within(t, probestest.Patience))
	var own *probes.OwnFault
	if !errors.As(err, &own) || own.Cause != probes.CausePermission {
		t.Errorf("%v", err)
	}
}

// A host that is up would not be checked because this machine has no route to the first of its addresses.
func TestTheFirstAddressThatThereIsAWayTo(t *testing.T) {
	p, _ := fakeProbe(t, echoing)
	defer p.Close()
	resolveTo(t, p)
	noRoute := &probes.OwnFault{Cause: probes.CauseRoute, Err: errors.New("no route")}
	w6 := &fakeWire{in: make(chan arrival), closed: make(chan struct{}), answer: func(*fakeWire, int, []byte, netip.Addr) error { return noRoute }}
	p.ways[1].socket.Store(newSocket(w6, ipv6Family))
	r, _ := runFor(t, probestest.Patience, probestest.Prepare(t, p, "icmp://both.example", targets.Options{Count: "2"}))
	expect(t, r, probes.OK, "", false)
	if r.IP.String() != "127.0.0.1" {
		t.Errorf("%+v", r)
	}
	_, err := probestest.Prepare(t, p, "icmp://six.example", targets.Options{Count: "2"}).Run(probestest.Within(t, probestest.Patience))
	var own *probes.OwnFault
	if !errors.As(err, &own) || own.Cause != probes.CauseRoute || len(w6.sent) < 1 {
		t.Errorf("%v, sent %d", err, len(w6.sent))
	}
}

// A check of a silent host that has a name would not say how long the name took.
func TestTimeoutOfAName(t *testing.T) {
	p, _ := fakeProbe(t, func(*fakeWire, int, []byte, netip.Addr) error { return nil })
	defer p.Close()
	resolveTo(t, p)
	unhurried.Try(t, func(t testing.TB, times time.Duration) { // the name takes its time on a busy machine
		r, _ := runFor(t, times*300*time.Millisecond, probestest.Prepare(t, p, "icmp://both.example", targets.Options{IPFamily: "4"}))
		dns, had := r.Timings.Get(probes.PhaseDNS)
		wait, waited := r.Timings.Get(probes.PhaseWait)
		if r.Reason != probes.Timeout || !had || !waited || dns <= 0 || wait <= 0 || r.Took != dns+wait {
			t.Errorf("%+v", r)
		}
	})
}

// If this failed, an address of the family that PROBE_IP_FAMILY excludes would be an outage for ever.
func TestAddressOfTheOtherFamily(t *testing.T) {
	want := `url="icmp://127.0.0.1": an IPv4 address, but PROBE_IP_FAMILY is 6; want PROBE_IP_FAMILY=any (in a file: ip_family 4 for this target), or a name or an IPv6 address here`
	p, target := probeWith(t, "PROBE_IP_FAMILY=6"), targets.Target{URL: "icmp://127.0.0.1", Options: &targets.Options{}}
	if _, err := p.Prepare(target); err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
}

// If this failed, an address would be asked for as a name, or one of IPv4 that is written as one of IPv6 be pinged by IPv6.
//
// Seen to fail when the address is kept as it is written.
func TestAnAddressIsReadOnce(t *testing.T) {
	p := probeWith(t)
	for url, want := range map[string]string{
		"icmp://127.0.0.1":          "127.0.0.1",
		"icmp://[::1]":              "::1",
		"icmp://[::ffff:127.0.0.1]": "127.0.0.1",
		"icmp://localhost":          "invalid IP",
	} {
		check, err := p.Prepare(targets.Target{URL: url, Options: &targets.Options{}})
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		if got := check.(*Check).literal.String(); got != want { //nolint:forcetypeassert // it is
			t.Errorf("%s: %s, want %s", url, got, want)
		}
	}
}
