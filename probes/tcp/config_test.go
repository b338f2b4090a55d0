package tcp

import (
	"testing"
	"unsafe"

	"github.com/uptimer/uptimer/events/plugin"
	"github.com/uptimer/uptimer/targets"
)

// If one of these failed, a wrong setting would be taken, or its line would not say what is right.
func TestWrongSettings(t *testing.T) {
	for _, c := range []struct{ environ, want string }{
		{"PROBE_RESOLVER=a b", `PROBE_RESOLVER="a b": not a DNS server; want host:port such as 192.0.2.53:53 or [2001:db8::53]:53`},
		{"PROBE_IP_FAMILY=5", `PROBE_IP_FAMILY="5": unknown; want one of any, 4, 6`},
		{"PROBE_TLS_VERIFY=/no/such/file", `PROBE_TLS_VERIFY="/no/such/file": neither yes nor no, and no such file; want yes, no or the path of a CA bundle in PEM form`},
	} {
		_, err := Plugin.Open(plugin.NewEnvironment([]string{c.environ}), plugin.Host{})
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: got %v\nwant %s", c.environ, err, c.want)
		}
	}
}

// If one of these failed, a wrong option of a target would be taken, or its line would not say what is right.
func TestWrongOptions(t *testing.T) {
	p := probeWith(t)
	for _, c := range []struct {
		url     string
		options targets.Options
		want    string
	}{
		{"tcp://a:1", targets.Options{Expect: "(a"}, "expect=\"(a\": not a regular expression (missing closing ): `(a`); want one as Go's regexp reads it"},
		{"tcp://a:1", targets.Options{TLS: "some"}, `tls="some": neither yes nor no; want yes or no (true, false, on, off, 1, 0)`},
		{"tcp://a:1", targets.Options{TLSVerify: "/no/such/file"}, `tls_verify="/no/such/file": neither yes nor no, and no such file; want yes, no or the path of a CA bundle in PEM form`},
		{"tcp://a:1", targets.Options{IPFamily: "5"}, `ip_family="5": unknown; want one of any, 4, 6`},
		{"tcp://a:1", targets.Options{Send: `s3cret\q`}, `send: unknown escape at byte 7; want \r, \n, \t, \0, \xHH, or \\ for a backslash`},
		{"tcp://a:1", targets.Options{TLS: "some", Send: `\`}, "tls=\"some\": neither yes nor no; want yes or no (true, false, on, off, 1, 0)\nsend: ends in a lone \\; want \\\\ for a backslash"},
		{"http://u:s3cret@a/", targets.Options{}, `url="http://a/": no tcp URL; want one such as tcp://db.example.com:5432`},
	} {
		_, err := p.Prepare(targets.Target{URL: c.url, Options: &c.options})
		if err == nil || err.Error() != c.want {
			t.Errorf("got %v\nwant %s", err, c.want)
		}
	}
}

// If this failed, a hundred thousand targets with the same options would cost a compiled expression each.
func TestOptionsAreShared(t *testing.T) {
	p := probeWith(t)
	one := prepare(t, p, "a:1", targets.Options{Expect: "x", Labels: `{"a":"1"}`}).(*Check)
	two := prepare(t, p, "b:1", targets.Options{Expect: "x", Labels: `{"a":"2"}`}).(*Check)
	other := prepare(t, p, "b:1", targets.Options{Expect: "y"}).(*Check)
	if one.options != two.options || one.options == other.options {
		t.Error("options are not shared by those that have the same")
	}
	if size := unsafe.Sizeof(*one); size > 64 {
		t.Errorf("a check at rest takes %d bytes", size)
	}
}

// If this failed, an address of the family that PROBE_IP_FAMILY excludes would be an outage for ever.
func TestAddressOfTheOtherFamily(t *testing.T) {
	want := `url="tcp://127.0.0.1:1": an IPv4 address, but PROBE_IP_FAMILY is 6; want PROBE_IP_FAMILY=any (in a file: ip_family 4 for this target), or a name or an IPv6 address here`
	p, target := probeWith(t, "PROBE_IP_FAMILY=6"), targets.Target{URL: "tcp://127.0.0.1:1", Options: &targets.Options{}}
	if _, err := p.Prepare(target); err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
}
