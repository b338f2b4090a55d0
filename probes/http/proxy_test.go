package http

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/uptimer/uptimer/internal/servertest"
	"github.com/uptimer/uptimer/probes"
	"github.com/uptimer/uptimer/probes/probestest"
	"github.com/uptimer/uptimer/targets"
)

// proxy is a server that forwards plain requests and makes tunnels. It tells what was asked and with which
// authorization.
func proxy(asked chan<- string) func(net.Conn) {
	return func(c net.Conn) {
		reader := bufio.NewReader(c)
		request, err := http.ReadRequest(reader)
		if err != nil {
			return
		}
		asked <- request.Method + " " + request.RequestURI + " " + request.Header.Get("Proxy-Authorization") + "|" + request.Header.Get("Authorization")
		server, err := net.Dial("tcp", request.Host)
		if err != nil {
			_, _ = io.WriteString(c, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
			return
		}
		defer func() { _ = server.Close() }()
		if request.Method != http.MethodConnect {
			_ = request.Write(server)
			_, _ = io.Copy(c, server)
			return
		}
		_, _ = io.WriteString(c, "HTTP/1.1 200 Connection established\r\n\r\n")
		done := make(chan struct{})
		go func() { defer close(done); _, _ = io.Copy(server, reader); closeWrite(server) }()
		_, _ = io.Copy(c, server)
		_ = c.Close()
		<-done
	}
}

// If this failed, checks through a proxy would not work, or the password would go to the wrong side.
func TestThroughProxy(t *testing.T) {
	ca := servertest.NewAuthority(t)
	certificate := ca.Certify(t, "127.0.0.1", time.Now().Add(time.Hour))
	config := servertest.Showing(certificate)
	plain := servertest.Serve(t, say(okHead+"\r\nhello"))
	secured := servertest.Serve(t, servertest.OverTLS(config, say(okHead+"\r\nhello")))
	asked := make(chan string, 10)
	via := servertest.Serve(t, proxy(asked))
	viaTLS := servertest.Serve(t, servertest.OverTLS(config, proxy(asked)))
	for _, c := range []struct{ proxy, url, asked string }{
		{"http://p:w@" + via, "http://" + plain + "/x?y", "GET http://" + plain + "/x?y Basic cDp3|"},
		{via, "http://u:v@" + plain, "GET http://" + plain + "/ |Basic dTp2"},
		{"http://p:w@" + via, "https://u:v@" + secured + "/x", "CONNECT " + secured + " Basic cDp3|"},
		{"https://p:w@" + viaTLS, "http://" + plain + "/", "GET http://" + plain + "/ Basic cDp3|"},
		{"https://p:w@" + viaTLS, "https://" + secured + "/", "CONNECT " + secured + " Basic cDp3|"},
	} {
		r, d := checkOnce(t, c.url, targets.Options{Regex: "^hello$"}, "PROBE_PROXY="+c.proxy, "PROBE_TLS_VERIFY="+ca.Bundle(t))
		probestest.Expect(t, r, probes.OK, "")
		if got := <-asked; got != c.asked {
			t.Errorf("asked %q, want %q", got, c.asked)
		}
		if strings.HasPrefix(c.url, "https") != (d.CertificateExpiresAt != nil) {
			t.Errorf("%s by %s: certificate %s", c.url, c.proxy, shown(d.CertificateExpiresAt))
		}
		if _, had := r.Timings.Get(probes.PhaseConnect); !had || r.IP != probestest.Loopback {
			t.Errorf("%+v", r)
		}
	}
}

// If one of these failed, what the proxy says of a target would not be reported, or be taken for an answer of the
// target itself.
func TestProxyRefusesTunnel(t *testing.T) {
	for _, c := range []struct {
		name   string
		speak  func(net.Conn)
		reason probes.Reason
		text   string
	}{
		{"407", say("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"), probes.Protocol, "asking the proxy ADDR for nobody.example:443: it answered 407 Proxy Authentication Required"},
		{"502", say("HTTP/1.1 502 Bad Gateway\r\n\r\n"), probes.Protocol, "asking the proxy ADDR for nobody.example:443: it answered 502 Bad Gateway"},
		{"closed", say(), probes.Protocol, "asking the proxy ADDR for nobody.example:443: the server closed the connection without an answer"},
		{"mute", servertest.Hold, probes.Timeout, "asking the proxy ADDR for nobody.example:443: no answer in time"},
		{"garbage", say("SOCKS?"), probes.Protocol, `asking the proxy ADDR for nobody.example:443: the answer is not HTTP: it begins "SOCKS?"`},
		{"more than an answer", say(okHead + "\r\nhello"), probes.Protocol, "asking the proxy ADDR for nobody.example:443: it sent more than an answer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			timeout := probestest.Patience
			if c.reason == probes.Timeout {
				timeout = 300 * time.Millisecond
			}
			addr := servertest.Serve(t, c.speak)
			r, d := runFor(t, timeout, probestest.Prepare(t, probeWith(t, "PROBE_PROXY=http://p:w@"+addr), "https://nobody.example", targets.Options{}))
			probestest.Expect(t, r, c.reason, strings.ReplaceAll(c.text, "ADDR", addr))
			if d.StatusCode != nil {
				t.Errorf("status %d is the proxy's", *d.StatusCode)
			}
		})
	}
}

// If this failed, a proxy that is away would be reported as an outage of every target, or its password be shown.
func TestProxyAwayIsOwnFault(t *testing.T) {
	closed := servertest.FreeAddress(t)
	selfSigned := servertest.NewAuthority(t)
	untrusted := servertest.Serve(t, servertest.OverTLS(servertest.Showing(selfSigned.Certify(t, "127.0.0.1", time.Now().Add(time.Hour))), servertest.Hold))
	trusted := servertest.NewAuthority(t).Bundle(t)
	for _, away := range []string{"http://p:s3cret@" + closed, "https://p:s3cret@" + closed, "https://p:s3cret@" + untrusted, "https://p:s3cret@" + servertest.Serve(t, say("hi"))} {
		for _, url := range []string{"http://127.0.0.1:1/", "https://127.0.0.1:1/"} {
			check := probestest.Prepare(t, probeWith(t, "PROBE_PROXY="+away, "PROBE_TLS_VERIFY="+trusted), url, targets.Options{})
			ctx, cancel := context.WithTimeout(context.Background(), probestest.Patience)
			_, err := check.Run(ctx)
			cancel()
			var own *probes.OwnFault
			if !errors.As(err, &own) || own.Cause != probes.CauseProxy || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("%s by %s: got %v", url, away, err)
			}
		}
	}
}

// If this failed, HTTP_PROXY, HTTPS_PROXY and NO_PROXY would not be followed.
func TestProxyFromEnvironment(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://plain.example:3128")
	t.Setenv("HTTPS_PROXY", "secure.example:3129")
	t.Setenv("NO_PROXY", "not.example")
	t.Setenv("REQUEST_METHOD", "GET")
	p := probeWith(t, "PROBE_PROXY=env")
	for url, want := range map[string]string{
		"http://a.example/":    "plain.example:3128",
		"https://a.example/":   "secure.example:3129",
		"http://x.not.example": "",
		"http://localhost/":    "",
		"http://127.0.0.1/":    "",
	} {
		got := ""
		found, err := p.proxies.forPlace(place{targets.Target{URL: url}.Parts()})
		if found != nil {
			got = found.HostPort()
		}
		if err != nil || got != want {
			t.Errorf("%s: got %s %v, want %s", url, got, err, want)
		}
	}
}
