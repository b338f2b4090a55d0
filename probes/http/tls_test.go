package http

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/uptimer/uptimer/internal/servertest"
	"github.com/uptimer/uptimer/probes"
	"github.com/uptimer/uptimer/probes/probestest"
	"github.com/uptimer/uptimer/targets"
)

// If one of these failed, a certificate's fault would have the wrong reason, or its facts would be missing from the
// event that reports it.
func TestTLS(t *testing.T) {
	ca := servertest.NewAuthority(t)
	bundle := ca.Bundle(t)
	soon, past := time.Now().Add(time.Hour).Truncate(time.Second), time.Now().Add(-time.Hour).Truncate(time.Second)
	good := ca.Certify(t, "127.0.0.1", soon)
	answer := say(okHead + "\r\nhello")
	old := servertest.Showing(good)
	old.MaxVersion = tls.VersionTLS12
	client := servertest.Showing(good)
	client.ClientAuth = tls.RequireAnyClientCert
	for _, c := range []struct {
		name    string
		speak   func(net.Conn)
		verify  string
		reason  probes.Reason
		text    string // what the error has to say
		expires time.Time
		version string
	}{
		{"good", servertest.OverTLS(servertest.Showing(good, "h2", "http/1.1"), answer), bundle, probes.OK, "", soon, "TLS 1.3"},
		{"no protocols named", servertest.OverTLS(servertest.Showing(good), answer), bundle, probes.OK, "", soon, "TLS 1.3"},
		{"TLS 1.2", servertest.OverTLS(old, answer), bundle, probes.OK, "", soon, "TLS 1.2"},
		{"expired", servertest.OverTLS(servertest.Showing(ca.Certify(t, "127.0.0.1", past)), answer), bundle, probes.Certificate, "expired", past, "TLS 1.3"},
		{"wrong host", servertest.OverTLS(servertest.Showing(ca.Certify(t, "other.example", soon)), answer), bundle, probes.Certificate, "other.example", soon, "TLS 1.3"},
		{"unknown authority", servertest.OverTLS(servertest.Showing(servertest.NewAuthority(t).Certify(t, "127.0.0.1", soon)), answer), bundle, probes.Certificate, "unknown authority", soon, "TLS 1.3"},
		{"not verified", servertest.OverTLS(servertest.Showing(ca.Certify(t, "other.example", past)), answer), "no", probes.OK, "", past, "TLS 1.3"},
		{"no HTTP/1.1 among its protocols", servertest.OverTLS(servertest.Showing(good, "h3"), answer), bundle, probes.Protocol, "does not speak HTTP/1.1", time.Time{}, ""},
		{"HTTP/2 whatever was asked", servertest.OverTLS(servertest.Showing(good), say("\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x05\x00\x00\x40\x00")), bundle, probes.Protocol, "only HTTP/2", soon, "TLS 1.3"},
		{"plain text", func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n"); servertest.Hold(c) }, bundle, probes.TLS, "does not speak TLS", time.Time{}, ""},
		{"mute", servertest.Hold, bundle, probes.Timeout, "TLS handshake with 127.0.0.1: no answer in time", time.Time{}, ""},
		{"closes", servertest.HearAndClose, bundle, probes.TLS, "closed the connection", time.Time{}, ""},
		{"wants a certificate of ours", servertest.OverTLS(client, answer), bundle, probes.TLS, "certificate required", soon, "TLS 1.3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			timeout := probestest.Patience
			if c.reason == probes.Timeout {
				timeout = 300 * time.Millisecond
			}
			check := probestest.Prepare(t, probeWith(t), "https://"+servertest.Serve(t, c.speak), targets.Options{TLSVerify: c.verify, Regex: "hello"})
			r, d := runFor(t, timeout, check)
			if r.Reason != c.reason || !strings.Contains(r.Error, c.text) {
				t.Errorf("got %s %q, want %s %q", r.Reason, r.Error, c.reason, c.text)
			}
			if want := probes.FormatTime(c.expires); c.expires.IsZero() != (d.CertificateExpiresAt == nil) || d.CertificateExpiresAt != nil && *d.CertificateExpiresAt != want {
				t.Errorf("certificate expires %s, want %s", shown(d.CertificateExpiresAt), want)
			}
			if c.version == "" != (d.TLSVersion == nil) || d.TLSVersion != nil && *d.TLSVersion != c.version {
				t.Errorf("version %s, want %s", shown(d.TLSVersion), c.version)
			}
			if _, had := r.Timings.Get(probes.PhaseTLS); !had {
				t.Error("no tls phase")
			}
		})
	}
}

// If this failed, a redirect to another host would be reported with the certificate of the first.
func TestCertificateOfTheLastHop(t *testing.T) {
	ca := servertest.NewAuthority(t)
	plain := servertest.Serve(t, say(okHead+"\r\n"))
	config := servertest.Showing(ca.Certify(t, "127.0.0.1", time.Now().Add(time.Hour)))
	first := servertest.Serve(t, servertest.OverTLS(config, say("HTTP/1.1 302 Found\r\nLocation: http://"+plain+"/\r\n\r\n")))
	r, d := checkOnce(t, "https://"+first, targets.Options{TLSVerify: ca.Bundle(t)})
	probestest.Expect(t, r, probes.OK, "")
	if d.TLSVersion != nil || d.CertificateExpiresAt != nil || *d.FinalURL != "http://"+plain+"/" {
		t.Errorf("%+v", d)
	}
}

// If this failed, a machine without authorities would report every https target as down, or not start although no
// target needs them.
func TestStart(t *testing.T) {
	p := probeWith(t)
	probestest.Prepare(t, p, "http://a/", targets.Options{})
	probestest.Prepare(t, p, "https://a/", targets.Options{TLSVerify: "no"})
	probestest.Prepare(t, p, "https://a/", targets.Options{TLSVerify: servertest.NewAuthority(t).Bundle(t)})
	if err := p.Start(); err != nil {
		t.Errorf("nobody needs the system's authorities, but: %v", err)
	}
	probestest.Prepare(t, p, "https://a/", targets.Options{})
	want := probes.TLSVerify{}.CheckSystemRoots()
	if got := p.Start(); !errors.Is(got, want) && (got == nil) != (want == nil) {
		t.Errorf("got %v, want %v", got, want)
	}
}
