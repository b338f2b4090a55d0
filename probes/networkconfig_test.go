package probes

import (
	"errors"
	"net"
	"testing"

	"github.com/uptimer/uptimer/internal/setting"
	"github.com/uptimer/uptimer/targets"
)

// A user would not learn what is wrong with PROBE_RESOLVER.
func TestParseResolver(t *testing.T) {
	const wrong = "not a DNS server; want host:port such as 192.0.2.53:53 or [2001:db8::53]:53"
	for text, want := range map[string]string{
		"":                   "",
		" 192.0.2.53 ":       "192.0.2.53:53",
		"192.0.2.53:5353":    "192.0.2.53:5353",
		"2001:db8::53":       "[2001:db8::53]:53",
		"[2001:db8::53]":     "[2001:db8::53]:53",
		"[2001:db8::53]:053": "[2001:db8::53]:53",
		"fe80::1%eth0":       "[fe80::1%eth0]:53",
		"dns.example":        "dns.example:53",
		"dns.example:54":     "dns.example:54",
		"dns.example:":       wrong,
		"dns.example:0":      wrong,
		"dns.example:65536":  wrong,
		"dns.example:domain": wrong,
		":53":                wrong,
		"udp://192.0.2.53":   wrong,
		"a:b:c":              wrong,
		"two words":          wrong,
	} {
		got, err := ParseResolver(text)
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	err := NetworkConfig{Resolver: "udp://192.0.2.53"}.Validate()
	var ms setting.Mistakes
	if want := `PROBE_RESOLVER="udp://192.0.2.53": ` + wrong; !errors.As(err, &ms) || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if err := (NetworkConfig{}).Validate(); err != nil {
		t.Errorf("unset: %v", err)
	}
}

// What ParseResolver accepts could not be dialed, or would change when it is read again.
func FuzzParseResolver(f *testing.F) {
	for _, text := range []string{"", "192.0.2.53", "[::1]:53", "dns.example:5", "fe80::1%eth0", "a:b:c"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		first, err := ParseResolver(text)
		if err != nil || first == "" {
			return
		}
		if _, _, err := net.SplitHostPort(first); err != nil {
			t.Errorf("%q became %q: %v", text, first, err)
		}
		if second, err := ParseResolver(first); err != nil || second != first {
			t.Errorf("%q became %q, and that %q (%v)", text, first, second, err)
		}
	})
}

// A user who writes another family would silently get any.
func TestParseFamily(t *testing.T) {
	for text, want := range map[string]Family{"any": FamilyAny, "Any": FamilyAny, " 4 ": Family4, "6": Family6} {
		if got, err := ParseFamily(text); err != nil || got != want {
			t.Errorf("%q: got %q, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "5", "ipv6", "46"} {
		if _, err := ParseFamily(text); err == nil || err.Error() != "unknown; want one of any, 4, 6" {
			t.Errorf("%q: got %v", text, err)
		}
	}
}

// A literal address of the family that may not be used would be an outage for ever, in place of a mistake.
func TestCheckHost(t *testing.T) {
	const remedy = "; want PROBE_IP_FAMILY=any (in a file: ip_family 4 for this target), or a name or an IPv6 address here"
	for _, c := range []struct {
		config    Family
		host, own string
		want      string
	}{
		{Family6, "127.0.0.1", "", "an IPv4 address, but PROBE_IP_FAMILY is 6" + remedy},
		{Family6, "::ffff:192.0.2.7", "", "an IPv4 address, but PROBE_IP_FAMILY is 6" + remedy},
		{Family4, "fe80::1%eth0", "", "an IPv6 address, but PROBE_IP_FAMILY is 4; want PROBE_IP_FAMILY=any (in a file: ip_family 6 for this target), or a name or an IPv4 address here"},
		{Family6, "127.0.0.1", "4", ""},
		{Family6, "::1", "", ""},
		{Family4, "192.0.2.7", "", ""},
		{Family6, "a.example", "", ""},
		{FamilyAny, "::1", "", ""},
		{"", "192.0.2.7", "", ""},
	} {
		got := ""
		if err := (NetworkConfig{IPFamily: c.config}).CheckHost(c.host, &targets.Options{IPFamily: c.own}); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s with %q: got %q, want %q", c.host, c.config, got, c.want)
		}
	}
}
