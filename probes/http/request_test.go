package http

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/uptimer/uptimer/internal/servertest"
	"github.com/uptimer/uptimer/internal/unhurried"
	"github.com/uptimer/uptimer/internal/version"
	"github.com/uptimer/uptimer/probes"
	"github.com/uptimer/uptimer/probes/probestest"
	"github.com/uptimer/uptimer/targets"
)

// If this failed, servers would get another request than the one that the target's options and the docs describe.
func TestRequestAsItIsSent(t *testing.T) {
	agent := "User-Agent: uptimer/" + version.Short() + "\r\n"
	const accept, encoding, closing = "Accept: */*\r\n", "Accept-Encoding: gzip, deflate\r\n", "Connection: close\r\n"
	for _, c := range []struct {
		name, url string // HOST stands for the server's address
		options   targets.Options
		want      string
	}{
		{"plain", "http://HOST", targets.Options{},
			"GET / HTTP/1.1\r\nHost: HOST\r\n" + agent + accept + encoding + closing + "\r\n"},
		{"path and query", "http://HOST/a%20b/ä?q=a|b&c", targets.Options{Method: "head"},
			"HEAD /a%20b/%C3%A4?q=a|b&c HTTP/1.1\r\nHost: HOST\r\n" + agent + accept + encoding + closing + "\r\n"},
		{"user and password", "http://me:p%40ss@HOST/", targets.Options{},
			"GET / HTTP/1.1\r\nHost: HOST\r\n" + agent + accept + encoding + closing + "Authorization: Basic bWU6cEBzcw==\r\n\r\n"},
		{"body", "http://HOST/", targets.Options{Method: "POST", Body: `{"a":1}`, Headers: "Content-Type: application/json\n"},
			"POST / HTTP/1.1\r\nHost: HOST\r\n" + agent + accept + encoding + closing + "Content-Type: application/json\r\nContent-Length: 7\r\n\r\n" + `{"a":1}`},
		{"post without a body", "http://HOST/", targets.Options{Method: "POST"},
			"POST / HTTP/1.1\r\nHost: HOST\r\n" + agent + accept + encoding + closing + "Content-Length: 0\r\n\r\n"},
		{"keep-alive", "http://HOST/", targets.Options{KeepAlive: "yes"},
			"GET / HTTP/1.1\r\nHost: HOST\r\n" + agent + accept + encoding + "\r\n"},
		{"own headers", "http://me:pw@HOST/", targets.Options{Headers: "Host: shop.example\nuser-agent: mine\nACCEPT: a/b\naccept-encoding: gzip\nAuthorization: Bearer x\nX-Twice: 1\nX-Twice: 2\n"},
			"GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\nuser-agent: mine\r\nACCEPT: a/b\r\naccept-encoding: gzip\r\nAuthorization: Bearer x\r\nX-Twice: 1\r\nX-Twice: 2\r\n\r\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := make(chan string, 1)
			host := servertest.Serve(t, func(conn net.Conn) {
				raw := &tee{Conn: conn}
				readRequest(raw)
				got <- raw.read.String()
				_, _ = io.WriteString(conn, okHead+"Content-Length: 0\r\nConnection: close\r\n\r\n")
			})
			r, _ := checkOnce(t, strings.ReplaceAll(c.url, "HOST", host), c.options)
			probestest.Expect(t, r, probes.OK, "")
			if sent, want := <-got, strings.ReplaceAll(c.want, "HOST", host); sent != want {
				t.Errorf("sent %q\nwant %q", sent, want)
			}
		})
	}
}

// tee keeps what is read.
type tee struct {
	net.Conn
	read strings.Builder
}

func (c *tee) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.read.Write(p[:n])
	return n, err
}

// If this failed, the Host header of an international name, an IPv6 address or a usual port would be wrong.
func TestHostHeader(t *testing.T) {
	for url, want := range map[string]string{
		"http://Example.COM:80/":      "example.com",
		"https://example.com/":        "example.com",
		"https://example.com:80/":     "example.com:80",
		"http://bücher.example/":      "xn--bcher-kva.example",
		"http://[2001:DB8::1]/":       "[2001:db8::1]",
		"http://[2001:db8::1]:8080/":  "[2001:db8::1]:8080",
		"http://[fe80::1%25eth0]/":    "[fe80::1]",
		"http://[fe80::1%25eth0]:81/": "[fe80::1]:81",
	} {
		if got := (place{targets.Target{URL: url}.Parts()}).hostHeader(); got != want {
			t.Errorf("%s: got %s, want %s", url, got, want)
		}
	}
}

// If this failed, a server that refuses a large request early would be reported as having reset the connection.
func TestAnswerBeforeTheRequestIsRead(t *testing.T) {
	host := servertest.Serve(t, func(c net.Conn) {
		_, _ = io.ReadFull(c, make([]byte, 100))
		_, _ = io.WriteString(c, "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
		closeWrite(c)
		servertest.Hold(c)
	})
	r, details := checkOnce(t, "http://"+host, targets.Options{Method: "POST", Body: strings.Repeat("x", 4<<20)})
	probestest.Expect(t, r, probes.Status, "answered 413 Request Entity Too Large; expected 200-399")
	if *details.StatusCode != 413 {
		t.Errorf("status %d", *details.StatusCode)
	}
}

// If this failed, the phases of a check would be missing, or the time in them wrong.
func TestPhases(t *testing.T) {
	unhurried.Try(t, func(t testing.TB, times time.Duration) { phasesOf(t, times*60*time.Millisecond) })
}

// phasesOf checks a server that makes pauses.
func phasesOf(t testing.TB, pause time.Duration) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/first" {
			time.Sleep(pause)
			http.Redirect(w, r, "/second", http.StatusFound)
			return
		}
		time.Sleep(pause)
		_, _ = io.WriteString(w, "begin")
		w.(http.Flusher).Flush()
		time.Sleep(pause)
		_, _ = io.WriteString(w, "end")
	}))
	defer server.Close()
	url := strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	r, _ := checkOnce(t, url+"/first", targets.Options{Regex: "^beginend$"}, "PROBE_IP_FAMILY=4")
	probestest.Expect(t, r, probes.OK, "")
	for _, p := range []probes.Phase{probes.PhaseRedirect, probes.PhaseWait, probes.PhaseReceive} {
		if d, _ := r.Timings.Get(p); d < pause*9/10 {
			t.Errorf("%s took %v, want at least %v", p, d, pause)
		}
	}
	for _, p := range []probes.Phase{probes.PhaseDNS, probes.PhaseConnect, probes.PhaseSend} {
		if _, had := r.Timings.Get(p); !had {
			t.Errorf("%s is missing", p)
		}
	}
	if _, had := r.Timings.Get(probes.PhaseTLS); had {
		t.Error("tls, but there was none")
	}
	r, _ = checkOnce(t, server.URL+"/second", targets.Options{})
	if _, had := r.Timings.Get(probes.PhaseDNS); had {
		t.Error("dns, but the host is an address")
	}
}

// If this failed, a port where nobody listens would not be reported as refused.
func TestNoServer(t *testing.T) {
	addr := servertest.FreeAddress(t)
	r, details := checkOnce(t, "http://"+addr, targets.Options{Regex: "x"})
	probestest.Expect(t, r, probes.Refused, "connecting to "+addr+": connection refused")
	if r.IP != probestest.Loopback || details.StatusCode != nil || details.MatchesRegex != nil || details.BodyBytes != nil {
		t.Errorf("%v %+v", r.IP, details)
	}
}

// noSuchName makes the question of a packet an answer: no such name.
func noSuchName(packet []byte) []byte {
	packet[2], packet[3] = 0x81, 0x83
	return packet
}

// If this failed, a name that does not exist would not be reported as dns, or, if it is the proxy's, be reported as
// an outage of the target.
func TestNoSuchName(t *testing.T) {
	resolver := "PROBE_RESOLVER=" + servertest.ServePackets(t, noSuchName)
	r, d := checkOnce(t, "http://nobody.example/", targets.Options{}, resolver)
	if r.Reason != probes.DNS || !strings.Contains(r.Error, "nobody.example") || r.IP.IsValid() || d.StatusCode != nil {
		t.Errorf("%+v", r)
	}
	if _, had := r.Timings.Get(probes.PhaseDNS); !had {
		t.Error("no dns phase")
	}
	_, err := probestest.Prepare(t, probeWith(t, resolver, "PROBE_PROXY=http://u:s3cret@proxy.example:3128"), "http://127.0.0.1/", targets.Options{}).Run(probestest.Within(t, probestest.Patience))
	var own *probes.OwnFault
	if !errors.As(err, &own) || own.Cause != probes.CauseProxy || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("got %v", err)
	}
}
