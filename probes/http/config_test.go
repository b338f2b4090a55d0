package http

import (
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"github.com/uptimer/uptimer/events/plugin"
	"github.com/uptimer/uptimer/probes/probestest"
	"github.com/uptimer/uptimer/targets"
)

// If one of these failed, a wrong setting would be taken, or its line would not say what is right.
func TestWrongSettings(t *testing.T) {
	for _, c := range []struct{ environ, want string }{
		{"PROBE_METHOD=GET /", `PROBE_METHOD="GET /": not a method; want one word such as GET, HEAD or POST`},
		{"PROBE_METHOD=connect", `PROBE_METHOD="connect": CONNECT opens tunnels and checks nothing; want a method such as GET, HEAD or POST`},
		{"PROBE_EXPECTED_STATUS=2xx", `PROBE_EXPECTED_STATUS="2xx": not a list of status codes; want 200-299 for 2xx`},
		{"PROBE_FOLLOW_REDIRECTS=-1", `PROBE_FOLLOW_REDIRECTS="-1": not a count; want a whole number such as 3`},
		{"PROBE_MAX_BODY=0", `PROBE_MAX_BODY="0": not an amount of memory; want a number above zero with a unit such as 256MiB or 1GB`},
		{"PROBE_MAX_BODY=2GiB", `PROBE_MAX_BODY="2GiB": out of range; want at least 1B and at most 1GiB`},
		{"PROBE_KEEPALIVE=maybe", `PROBE_KEEPALIVE="maybe": neither yes nor no; want yes or no (true, false, on, off, 1, 0)`},
		{"PROBE_RESOLVER=a b", `PROBE_RESOLVER="a b": not a DNS server; want host:port such as 192.0.2.53:53 or [2001:db8::53]:53`},
		{"PROBE_PROXY=socks5://u:s3cret@a:1080", `PROBE_PROXY="socks5://xxxxx@a:1080": SOCKS proxies are not supported; want the URL of an HTTP proxy such as http://proxy:3128`},
		{"PROBE_PROXY=u:s3cret@a:99999", `PROBE_PROXY="xxxxx@a:99999": not the URL of an HTTP proxy: its host or port can be nobody's; want http://host:port/path`},
		{"PROBE_PROXY=http://u:s3 cret@a", `PROBE_PROXY="http://xxxxx@a": neither env nor off nor a URL; want the URL of an HTTP proxy such as http://proxy:3128`},
		{"PROBE_PROXY=http://a/path", `PROBE_PROXY="http://a/path": a proxy has no path; want a URL such as http://proxy:3128`},
		{"PROBE_PROXY=ftp://a", `PROBE_PROXY="ftp://a": not the URL of an HTTP proxy: its scheme is "ftp"; want http or https`},
	} {
		var config Config
		err := plugin.Load(plugin.NewEnvironment([]string{c.environ}), &config)
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: got %v\nwant %s", c.environ, err, c.want)
		}
	}
}

// If this failed, a proxy variable that cannot be used would be ignored in silence.
func TestWrongProxyInEnvironment(t *testing.T) {
	t.Setenv("HTTP_PROXY", "socks5://u:s3cret@a")
	t.Setenv("HTTPS_PROXY", "http://u:s3cret@[::1")
	var config Config
	err := plugin.Load(plugin.NewEnvironment(nil), &config)
	want := `HTTP_PROXY="socks5://xxxxx@a": SOCKS proxies are not supported; want the URL of an HTTP proxy such as http://proxy:3128
HTTPS_PROXY="http://xxxxx@[::1": neither env nor off nor a URL; want the URL of an HTTP proxy such as http://proxy:3128`
	if err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
}

// If one of these failed, a wrong option of a target would be taken, or its line would not say what is right.
func TestWrongOptions(t *testing.T) {
	p := probeWith(t)
	for _, c := range []struct {
		options targets.Options
		want    string
	}{
		{targets.Options{Regex: "(a"}, "regex=\"(a\": not a regular expression (missing closing ): `(a`); want one as Go's regexp reads it"},
		{targets.Options{Method: "G T"}, `method="G T": not a method; want one word such as GET, HEAD or POST`},
		{targets.Options{ExpectedStatus: "300-200"}, `expected_status="300-200": the range 300-200 runs backwards; want 200-300`},
		{targets.Options{TLSVerify: "/no/such/file"}, `tls_verify="/no/such/file": neither yes nor no, and no such file; want yes, no or the path of a CA bundle in PEM form`},
		{targets.Options{FollowRedirects: "some"}, `follow_redirects="some": not a count; want a whole number such as 3`},
		{targets.Options{KeepAlive: "some"}, `keepalive="some": neither yes nor no; want yes or no (true, false, on, off, 1, 0)`},
		{targets.Options{IPFamily: "5"}, `ip_family="5": unknown; want one of any, 4, 6`},
		{targets.Options{Headers: "X-Key s3cret\n"}, `headers: a line is no header; want Name: value`},
		{targets.Options{Headers: "X Key: s3cret\n"}, `headers: a header's name holds a character that is not allowed; want letters, digits and hyphens`},
		{targets.Options{Headers: "X-Key: s3\x00cret\n"}, `headers="X-Key": the value of this header holds a character that is not allowed; want text on one line`},
		{targets.Options{Headers: "Host: a b/\n"}, `headers="Host": not a host; want a name or address, with or without a port`},
		{targets.Options{Headers: "Content-Length: 5\n"}, `headers="Content-Length": uptimer sets this header itself, as the body is; want it left out`},
		{targets.Options{Headers: "connection: keep-alive\n"}, `headers="connection": uptimer sets this header itself, as keepalive says; want it left out`},
		{targets.Options{Regex: "*", Method: "CONNECT"}, "regex=\"*\": not a regular expression (missing argument to repetition operator: `*`); want one as Go's regexp reads it\nmethod=\"CONNECT\": CONNECT opens tunnels and checks nothing; want a method such as GET, HEAD or POST"},
	} {
		_, err := p.Prepare(targets.Target{URL: "http://a/", Options: &c.options})
		if err == nil || err.Error() != c.want {
			t.Errorf("got %v\nwant %s", err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "s3cret") {
			t.Errorf("shows a secret: %v", err)
		}
	}
	_, err := p.Prepare(targets.Target{URL: "tcp://u:s3cret@a:1", Options: &targets.Options{}})
	if want := `url="tcp://a:1": no http or https URL; want one such as https://example.com/health`; err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
}

// If this failed, a hundred thousand targets with the same options would cost a compiled expression each.
func TestOptionsAreShared(t *testing.T) {
	p := probeWith(t)
	one := probestest.Prepare(t, p, "http://a/", targets.Options{Regex: "x", Labels: `{"a":"1"}`}).(*Check)
	two := probestest.Prepare(t, p, "http://b/", targets.Options{Regex: "x", Labels: `{"a":"2"}`}).(*Check)
	other := probestest.Prepare(t, p, "http://b/", targets.Options{Regex: "y"}).(*Check)
	if one.options != two.options || one.options == other.options {
		t.Error("options are not shared by those that have the same")
	}
	if size := unsafe.Sizeof(*one); size > 64 {
		t.Errorf("a check at rest takes %d bytes", size)
	}
}

// If this failed, the options of targets that have left the list would stay in memory for ever.
func TestOptionsOfTheGoneAreForgotten(t *testing.T) {
	p := probeWith(t)
	stays := probestest.Prepare(t, p, "http://a/", targets.Options{Regex: "stays"}).(*Check)
	for i := range 1000 {
		probestest.Prepare(t, p, "http://a/", targets.Options{Regex: strings.Repeat("x", i+1)})
		if i%100 == 0 {
			runtime.GC()
		}
	}
	if n := p.options.Len(); n > 500 {
		t.Errorf("%d options are held, one is in use", n)
	}
	if again := probestest.Prepare(t, p, "http://b/", targets.Options{Regex: "stays"}).(*Check); again.options != stays.options {
		t.Error("options that are in use were forgotten")
	}
}

// If this failed, an address of the family that PROBE_IP_FAMILY excludes would be an outage for ever.
func TestAddressOfTheOtherFamily(t *testing.T) {
	want := `url="http://127.0.0.1/": an IPv4 address, but PROBE_IP_FAMILY is 6; want PROBE_IP_FAMILY=any (in a file: ip_family 4 for this target), or a name or an IPv6 address here`
	p, target := probeWith(t, "PROBE_IP_FAMILY=6"), targets.Target{URL: "http://127.0.0.1/", Options: &targets.Options{}}
	if _, err := p.Prepare(target); err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
	p = probeWith(t, "PROBE_IP_FAMILY=6", "PROBE_PROXY=http://proxy.example:3128")
	if _, err := p.Prepare(target); err != nil { // a proxy may have a way to it
		t.Errorf("through a proxy: %v", err)
	}
}
