package http

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/uptimer/uptimer/probes"
	"github.com/uptimer/uptimer/targets"
)

// authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t testing.TB) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"},
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(48 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return authority{cert, key}
}

// bundle is the path of the authority's certificate as a file.
func (a authority) bundle(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// certify makes a certificate for a host, valid until then.
func (a authority) certify(t testing.TB, host string, until time.Time) tls.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "server"},
		NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: until,
	}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{host}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &a.key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: a.key}
}

// overTLS speaks over TLS.
func overTLS(config *tls.Config, speak func(net.Conn)) func(net.Conn) {
	return func(c net.Conn) {
		secured := tls.Server(c, config)
		if secured.Handshake() == nil {
			speak(secured)
			_ = secured.CloseWrite()
		}
	}
}

// If one of these failed, a certificate's fault would have the wrong reason, or its facts would be missing from the
// event that reports it.
func TestTLS(t *testing.T) {
	ca := newAuthority(t)
	bundle := ca.bundle(t)
	soon, past := time.Now().Add(time.Hour).Truncate(time.Second), time.Now().Add(-time.Hour).Truncate(time.Second)
	good := ca.certify(t, "127.0.0.1", soon)
	answer := say(okHead + "\r\nhello")
	with := func(c tls.Certificate, protocols ...string) *tls.Config {
		return &tls.Config{Certificates: []tls.Certificate{c}, NextProtos: protocols}
	}
	old := with(good)
	old.MaxVersion = tls.VersionTLS12
	client := with(good)
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
		{"good", overTLS(with(good, "h2", "http/1.1"), answer), bundle, probes.OK, "", soon, "TLS 1.3"},
		{"no protocols named", overTLS(with(good), answer), bundle, probes.OK, "", soon, "TLS 1.3"},
		{"TLS 1.2", overTLS(old, answer), bundle, probes.OK, "", soon, "TLS 1.2"},
		{"expired", overTLS(with(ca.certify(t, "127.0.0.1", past)), answer), bundle, probes.Certificate, "expired", past, "TLS 1.3"},
		{"wrong host", overTLS(with(ca.certify(t, "other.example", soon)), answer), bundle, probes.Certificate, "other.example", soon, "TLS 1.3"},
		{"unknown authority", overTLS(with(newAuthority(t).certify(t, "127.0.0.1", soon)), answer), bundle, probes.Certificate, "unknown authority", soon, "TLS 1.3"},
		{"not verified", overTLS(with(ca.certify(t, "other.example", past)), answer), "no", probes.OK, "", past, "TLS 1.3"},
		{"no HTTP/1.1 among its protocols", overTLS(with(good, "h3"), answer), bundle, probes.Protocol, "does not speak HTTP/1.1", time.Time{}, ""},
		{"HTTP/2 whatever was asked", overTLS(with(good), say("\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x05\x00\x00\x40\x00")), bundle, probes.Protocol, "only HTTP/2", soon, "TLS 1.3"},
		{"plain text", func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n"); hold(c) }, bundle, probes.TLS, "does not speak TLS", time.Time{}, ""},
		{"mute", hold, bundle, probes.Timeout, "TLS handshake with 127.0.0.1: no answer in time", time.Time{}, ""},
		{"closes", hearAndClose, bundle, probes.TLS, "closed the connection", time.Time{}, ""},
		{"wants a certificate of ours", overTLS(client, answer), bundle, probes.TLS, "certificate required", soon, "TLS 1.3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			timeout := patience
			if c.reason == probes.Timeout {
				timeout = 300 * time.Millisecond
			}
			check := prepare(t, probeWith(t), "https://"+serve(t, c.speak), targets.Options{TLSVerify: c.verify, Regex: "hello"})
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
	ca := newAuthority(t)
	plain := serve(t, say(okHead+"\r\n"))
	config := &tls.Config{Certificates: []tls.Certificate{ca.certify(t, "127.0.0.1", time.Now().Add(time.Hour))}}
	first := serve(t, overTLS(config, say("HTTP/1.1 302 Found\r\nLocation: http://"+plain+"/\r\n\r\n")))
	r, d := checkOnce(t, "https://"+first, targets.Options{TLSVerify: ca.bundle(t)})
	expect(t, r, probes.OK, "")
	if d.TLSVersion != nil || d.CertificateExpiresAt != nil || *d.FinalURL != "http://"+plain+"/" {
		t.Errorf("%+v", d)
	}
}

// If this failed, a machine without authorities would report every https target as down, or not start although no
// target needs them.
func TestStart(t *testing.T) {
	p := probeWith(t)
	prepare(t, p, "http://a/", targets.Options{})
	prepare(t, p, "https://a/", targets.Options{TLSVerify: "no"})
	prepare(t, p, "https://a/", targets.Options{TLSVerify: newAuthority(t).bundle(t)})
	if err := p.Start(); err != nil {
		t.Errorf("nobody needs the system's authorities, but: %v", err)
	}
	prepare(t, p, "https://a/", targets.Options{})
	want := probes.TLSVerify{}.CheckSystemRoots()
	if got := p.Start(); !errors.Is(got, want) && (got == nil) != (want == nil) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// hearAndClose reads the client's first message and closes: closing with bytes unread would be a reset.
func hearAndClose(c net.Conn) { _, _ = c.Read(make([]byte, 16<<10)) }
