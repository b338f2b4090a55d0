package probes

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/uptimer/uptimer/internal/servertest"
)

// speakTLS answers handshakes and says nothing after them.
func speakTLS(config *tls.Config) func(net.Conn) { return servertest.OverTLS(config, servertest.Hold) }

// shakeHands dials a server of the test and makes a handshake.
func shakeHands(ctx context.Context, t testing.TB, serve func(net.Conn), name string, verify TLSVerify) (tls.ConnectionState, error) {
	t.Helper()
	server := servertest.Serve(t, serve)
	conn, err := net.Dial("tcp", server)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, state, err := Handshake(ctx, conn, name, verify, []string{"http/1.1"})
	return state, err
}

// A user would not be told of a bad certificate, not told what is bad about it, or told so of a good one; and an
// expired certificate would not show when it expired.
func TestHandshakeChecksTheCertificate(t *testing.T) {
	ca, stranger := servertest.NewAuthority(t), servertest.NewAuthority(t)
	trusting := verifyWith(t, ca.Bundle(t))
	day := time.Date(2020, 2, 3, 4, 5, 6, 0, time.UTC)
	plain := func(*x509.Certificate) {}
	expired := func(c *x509.Certificate) { c.NotBefore, c.NotAfter = day.AddDate(-1, 0, 0), day }
	manyNames := func(c *x509.Certificate) {
		c.DNSNames, c.IPAddresses = []string{"a.x", "b.x", "c.x", "d.x", "e.x", "f.x", "g.x"}, nil
	}
	const handshake = "TLS handshake with service.example: "
	for _, c := range []struct {
		name   string
		leaf   tls.Certificate
		verify TLSVerify
		want   string // empty: up
	}{
		{"service.example", ca.Leaf(t, plain), trusting, ""},
		{"Service.Example.", ca.Leaf(t, plain), trusting, ""},
		{"127.0.0.1", ca.Leaf(t, plain), trusting, ""},
		{"service.example", ca.Leaf(t, expired), trusting, handshake + "the certificate expired on 2020-02-03T04:05:06Z"},
		{"service.example", ca.Leaf(t, func(c *x509.Certificate) { c.NotBefore, c.NotAfter = day.AddDate(80, 0, 0), day.AddDate(81, 0, 0) }),
			trusting, handshake + "the certificate is not valid before 2100-02-03T04:05:06Z"},
		{"other.example", ca.Leaf(t, plain), trusting,
			"TLS handshake with other.example: the certificate is not for other.example, only for service.example"},
		{"127.0.0.2", ca.Leaf(t, plain), trusting,
			"TLS handshake with 127.0.0.2: the certificate is not for 127.0.0.2, only for 127.0.0.1, service.example"},
		{"service.example", ca.Leaf(t, manyNames), trusting,
			handshake + "the certificate is not for service.example, only for a.x, b.x, c.x, d.x, e.x and 2 more"},
		{"service.example", ca.Leaf(t, func(c *x509.Certificate) { c.DNSNames, c.IPAddresses = nil, nil }), trusting,
			handshake + "the certificate is not for service.example: it names no host"},
		{"service.example", ca.Leaf(t, func(c *x509.Certificate) {
			c.DNSNames, c.IPAddresses = []string{"a\x1b[2J.x", "b\n.x", strings.Repeat("c", 300)}, nil
		}), trusting, handshake + `the certificate is not for service.example, only for "a\x1b[2J.x", "b\n.x", ` + strings.Repeat("c", 192) + "…"},
		{"service.example", stranger.Leaf(t, plain), trusting, handshake + "the certificate is from an unknown authority (CN=Test Authority)"},
		{"service.example", servertest.Authority{}.Leaf(t, plain), trusting, handshake + "the certificate is self-signed and not trusted"},
		{"other.example", ca.Leaf(t, expired), trusting, "TLS handshake with other.example: the certificate expired on 2020-02-03T04:05:06Z; " +
			"the certificate is not for other.example, only for service.example"},
		{"other.example", stranger.Leaf(t, expired), verifyWith(t, "no"), ""},
	} {
		state, err := shakeHands(within(t, 10*time.Second), t, speakTLS(servertest.Showing(c.leaf)), c.name, c.verify)
		if c.want != "" {
			wantFailure(t, err, Failure{Reason: Certificate, Text: c.want})
		} else if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if got := CertificateExpiry(state); got == nil || !got.Equal(c.leaf.Leaf.NotAfter) || state.Version == 0 {
			t.Errorf("%s: expires at %v with TLS %x, want %v", c.name, got, state.Version, c.leaf.Leaf.NotAfter)
		}
	}
	if got := CertificateExpiry(tls.ConnectionState{}); got != nil {
		t.Errorf("without a certificate: %v", got)
	}
}

// An authority's name could clear the terminal of whoever reads the error, or begin a line of its own.
func TestIssuerIsPrintable(t *testing.T) {
	for name, want := range map[string]string{
		"Bücher CA": " (CN=Bücher CA)", "a\x1b[2J\nb": ` ("CN=a\x1b[2J\nb")`, "\xff": ` ("CN=\ufffd")`,
	} {
		if got := issuer(&x509.Certificate{Issuer: pkix.Name{CommonName: name}}); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		expired := outOfDate(&x509.Certificate{IsCA: true, Subject: pkix.Name{CommonName: name}})
		if strings.ContainsFunc(expired, unicode.IsControl) || !utf8.ValidString(expired) {
			t.Errorf("got %q", expired)
		}
	}
}

// A server that does not speak TLS, or breaks off, would be reported with the wrong reason or in a library's jargon.
func TestHandshakeSaysWhatWentWrong(t *testing.T) {
	ca := servertest.NewAuthority(t)
	leaf := ca.Leaf(t, func(*x509.Certificate) {})
	says := func(text string) func(net.Conn) {
		return func(c net.Conn) {
			_, _ = io.WriteString(c, text)
			_, _ = c.Read(make([]byte, 4096))
		}
	}
	const handshake = "TLS handshake with service.example: "
	for name, c := range map[string]struct {
		serve func(net.Conn)
		want  Failure
	}{
		"HTTP": {says("HTTP/1.1 400 Bad Request\r\n\r\n"), Failure{TLS, handshake + `the server does not speak TLS, it says "HTTP/1.1 400 Bad Request"`, false}},
		"SSH":  {says("SSH-2.0-x\r\n"), Failure{TLS, handshake + `the server does not speak TLS, it says "SSH-2.0-x"`, false}},
		"garbage": {says("\x00\x01\x02\x03\x04\x05\xff"),
			Failure{TLS, handshake + `the server does not speak TLS, it says "\x00\x01\x02\x03\x04\x05\xff"`, false}},
		"a nonsense record": {says("\x16\x03\x03\x00\x04\xff\x00\x00\x00"),
			Failure{TLS, handshake + "what the server sent is not acceptable: unexpected message", false}},
		"end": {servertest.HearAndClose,
			Failure{TLS, handshake + "the server closed the connection in the middle of it", false}},
		"reset": {func(c net.Conn) { _, _ = c.Read(make([]byte, 1)); _ = c.(*net.TCPConn).SetLinger(0) },
			Failure{Reset, handshake + "connection reset", false}},
		"too old": {speakTLS(&tls.Config{Certificates: []tls.Certificate{leaf}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}),
			Failure{TLS, handshake + "the server refuses: protocol version not supported", false}},
		"client certificate wanted": {speakTLS(&tls.Config{Certificates: []tls.Certificate{leaf}, MaxVersion: tls.VersionTLS12, ClientAuth: tls.RequireAnyClientCert}),
			Failure{TLS, handshake + "the server refuses: handshake failure (it asked for a client certificate)", false}},
		"another protocol": {speakTLS(servertest.Showing(leaf, "other")),
			Failure{Protocol, handshake + "the server does not speak HTTP/1.1, only another version such as HTTP/2 (h2)", false}},
		"HTTP/2 unasked": {says(helloH2),
			Failure{Protocol, handshake + "the server does not speak HTTP/1.1, only another version such as HTTP/2 (h2)", false}},
	} {
		_, err := shakeHands(within(t, 10*time.Second), t, c.serve, "service.example", verifyWith(t, ca.Bundle(t)))
		if f := new(Failure); !errors.As(err, &f) || *f != c.want {
			t.Errorf("%s:\n got %#v\nwant %#v", name, err, c.want)
		}
	}
}

// helloH2 is a TLS 1.2 server's hello that chooses h2, which was not offered.
var helloH2 = "\x16\x03\x03\x00\x35" + "\x02\x00\x00\x31" + "\x03\x03" + strings.Repeat("r", 32) + "\x00" + "\xc0\x2b" + "\x00" +
	"\x00\x09" + "\x00\x10\x00\x05\x00\x03\x02h2"

// A mute server would hold the check beyond its time, or our own shutdown would be reported as its failure.
func TestHandshakeEndsWithItsContext(t *testing.T) {
	_, err := shakeHands(within(t, 100*time.Millisecond), t, servertest.Hold, "service.example", TLSVerify{})
	wantFailure(t, err, Failure{Timeout, "TLS handshake with service.example: no answer in time", true})

	ctx, cancel := context.WithCancel(within(t, time.Minute))
	time.AfterFunc(50*time.Millisecond, cancel)
	began := time.Now()
	_, err = shakeHands(ctx, t, servertest.Hold, "service.example", TLSVerify{})
	if took := time.Since(began); !errors.Is(err, context.Canceled) || took > 20*time.Second {
		t.Errorf("cancelled: got %v after %v", err, took)
	}
}

// A user who switched verification off could not see that an old appliance is up.
func TestHandshakeWithOldServers(t *testing.T) {
	leaf := servertest.NewAuthority(t).Leaf(t, func(*x509.Certificate) {})
	old := &tls.Config{Certificates: []tls.Certificate{leaf}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10, CipherSuites: allCiphers}
	state, err := shakeHands(within(t, 10*time.Second), t, speakTLS(old), "service.example", verifyWith(t, "no"))
	if err != nil || state.Version != tls.VersionTLS10 {
		t.Errorf("got %v with TLS %x", err, state.Version)
	}
}

// A server with many names on one address would show the wrong certificate, or refuse an address sent as a name.
func TestHandshakeSendsTheName(t *testing.T) {
	leaf := servertest.NewAuthority(t).Leaf(t, func(*x509.Certificate) {})
	for name, want := range map[string]string{"service.example.": "service.example", "127.0.0.1": "", "::1": "", "fe80::1%eth0": ""} {
		asked := make(chan string, 1)
		config := &tls.Config{GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			asked <- hello.ServerName
			return &leaf, nil
		}}
		if _, err := shakeHands(within(t, 10*time.Second), t, speakTLS(config), name, verifyWith(t, "no")); err != nil {
			t.Fatal(err)
		}
		if got := <-asked; got != want {
			t.Errorf("%s: the server was asked for %q, want %q", name, got, want)
		}
	}
}

func BenchmarkHandshake(b *testing.B) {
	ca := servertest.NewAuthority(b)
	server := servertest.Serve(b, speakTLS(servertest.Showing(ca.Leaf(b, func(*x509.Certificate) {}))))
	verify := verifyWith(b, ca.Bundle(b))
	b.ReportAllocs()
	for b.Loop() {
		conn, err := net.Dial("tcp", server)
		if err != nil {
			b.Fatal(err)
		}
		if _, _, err := Handshake(context.Background(), conn, "service.example", verify, nil); err != nil {
			b.Fatal(err)
		}
		_ = conn.(*net.TCPConn).SetLinger(0)
		_ = conn.Close()
	}
}
