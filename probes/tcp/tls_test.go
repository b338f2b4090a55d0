package tcp

import (
	"context"
	"crypto/tls"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/uptimer/uptimer/internal/servertest"
	"github.com/uptimer/uptimer/internal/unhurried"
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
	none := time.Time{}
	good := servertest.Showing(ca.Certify(t, "127.0.0.1", soon))
	old, client := good.Clone(), good.Clone()
	old.MaxVersion = tls.VersionTLS12
	client.ClientAuth = tls.RequireAnyClientCert
	pong := targets.Options{Send: `PING\r\n`, Expect: `^\+PONG`}
	for _, c := range []struct {
		name    string
		speak   func(net.Conn)
		verify  string
		options targets.Options
		reason  probes.Reason
		text    string // what the error has to say
		matches string
		expires time.Time
		version string
	}{
		{"handshake alone", servertest.OverTLS(good, servertest.Hold), bundle, targets.Options{}, probes.OK, "", "null", soon, "TLS 1.3"},
		{"conversation", servertest.OverTLS(good, answer("+PONG\r\n")), bundle, pong, probes.OK, "", "true", soon, "TLS 1.3"},
		{"in pieces", servertest.OverTLS(good, forever("a", time.Millisecond)), bundle, targets.Options{Expect: "a{20}"}, probes.OK, "", "true", soon, "TLS 1.3"},
		{"TLS 1.2", servertest.OverTLS(old, answer("+PONG\r\n")), bundle, pong, probes.OK, "", "true", soon, "TLS 1.2"},
		{"says good-bye first", servertest.OverTLS(good, func(net.Conn) {}), bundle, targets.Options{Expect: "x"}, probes.Body, "closed the connection before `x` matched, got nothing", "false", soon, "TLS 1.3"},
		{"closes without good-bye", servertest.OverTLS(good, func(c net.Conn) { _ = c.(*tls.Conn).NetConn().Close() }), bundle, targets.Options{Expect: "x"}, probes.Body, "closed the connection before `x` matched, got nothing", "false", soon, "TLS 1.3"},
		{"mute after the handshake", servertest.OverTLS(good, servertest.Hold), bundle, targets.Options{Expect: "x"}, probes.Timeout, "waiting for the answer of 127.0.0.1:", "false", soon, "TLS 1.3"},
		{"expired", servertest.OverTLS(servertest.Showing(ca.Certify(t, "127.0.0.1", past)), servertest.Hold), bundle, pong, probes.Certificate, "TLS handshake with 127.0.0.1: the certificate expired on ", "null", past, "TLS 1.3"},
		{"wrong host", servertest.OverTLS(servertest.Showing(ca.Certify(t, "other.example", soon)), servertest.Hold), bundle, pong, probes.Certificate, "the certificate is not for 127.0.0.1, only for other.example", "null", soon, "TLS 1.3"},
		{"unknown authority", servertest.OverTLS(servertest.Showing(servertest.NewAuthority(t).Certify(t, "127.0.0.1", soon)), servertest.Hold), bundle, pong, probes.Certificate, "unknown authority", "null", soon, "TLS 1.3"},
		{"not verified", servertest.OverTLS(servertest.Showing(ca.Certify(t, "other.example", past)), servertest.Hold), "no", targets.Options{}, probes.OK, "", "null", past, "TLS 1.3"},
		{"plain text", say("220 ready\r\n"), bundle, pong, probes.TLS, `the server does not speak TLS, it says "220 ready"`, "null", none, ""},
		{"mute", servertest.Hold, bundle, pong, probes.Timeout, "TLS handshake with 127.0.0.1: no answer in time", "null", none, ""},
		{"closes", servertest.HearAndClose, bundle, pong, probes.TLS, "closed the connection in the middle", "null", none, ""},
		{"resets", func(c net.Conn) { _, _ = c.Read(make([]byte, 10)); reset(c) }, bundle, pong, probes.Reset, "TLS handshake with 127.0.0.1: connection reset", "null", none, ""},
		{"wants a certificate of ours", servertest.OverTLS(client, servertest.Hold), bundle, pong, probes.TLS, "certificate required", "false", soon, "TLS 1.3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			timeout := probestest.Patience
			if c.reason == probes.Timeout {
				timeout = short
			}
			c.options.TLS, c.options.TLSVerify = "true", c.verify
			r, d := checkOnce(t, timeout, servertest.Serve(t, c.speak), c.options)
			if r.Reason != c.reason || !strings.Contains(r.Error, c.text) {
				t.Errorf("got %s %q, want %s %q", r.Reason, r.Error, c.reason, c.text)
			}
			expires := `"` + probes.FormatTime(c.expires) + `"`
			if c.expires.IsZero() {
				expires = "null"
			}
			if got := shown(d.CertificateExpiresAt); got != expires {
				t.Errorf("certificate expires at %s, want %s", got, expires)
			}
			if c.version == "" != (d.TLSVersion == nil) || d.TLSVersion != nil && *d.TLSVersion != c.version {
				t.Errorf("version %s, want %s", shown(d.TLSVersion), c.version)
			}
			if got := shown(d.MatchesExpect); got != c.matches {
				t.Errorf("matches_expect = %s, want %s", got, c.matches)
			}
			if _, had := r.Timings.Get(probes.PhaseTLS); !had {
				t.Error("no tls phase")
			}
		})
	}
}

// If this failed, a check of a server that has stopped reading would last seconds longer than it may, because its
// good-bye cannot be written. Seen to fail, with five seconds, when Handshake is given the socket itself.
func TestGoodbyeDoesNotBlock(t *testing.T) {
	unhurried.Try(t, func(t testing.TB, _ time.Duration) { hangUpOnTheDeaf(t) })
}

// hangUpOnTheDeaf ends a connection to a server that has stopped reading.
func hangUpOnTheDeaf(t testing.TB) {
	t.Helper()
	ca := servertest.NewAuthority(t)
	stop := make(chan struct{})
	defer close(stop)
	address := servertest.Serve(t, servertest.OverTLS(servertest.Showing(ca.Certify(t, "127.0.0.1", time.Now().Add(time.Hour))), func(net.Conn) { <-stop }))
	check := prepare(t, probeWith(t), address, targets.Options{TLS: "true", TLSVerify: ca.Bundle(t)})
	ctx, cancel := context.WithTimeout(context.Background(), probestest.Patience)
	defer cancel()
	r := run{check: check.(*Check), watch: probes.StartStopwatch()}
	if err := r.connect(ctx); err != nil {
		t.Fatal(err)
	}
	for block := make([]byte, 1<<20); len(block) > 0; { // until there is no room for another byte
		_ = r.socket.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
		if _, err := r.socket.Write(block); err != nil {
			block = block[:len(block)/32]
		}
	}
	began := time.Now()
	r.hangUp()
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("took %v", took)
	}
}

// If this failed, a machine without authorities would report every target with TLS as down, or not start although
// no target needs them.
func TestStart(t *testing.T) {
	p := probeWith(t)
	prepare(t, p, "a:1", targets.Options{})
	prepare(t, p, "a:1", targets.Options{TLS: "true", TLSVerify: "no"})
	prepare(t, p, "a:1", targets.Options{TLS: "true", TLSVerify: servertest.NewAuthority(t).Bundle(t)})
	if len(p.verifies) != 2 {
		t.Errorf("%d ways to verify, want those of the two targets with TLS", len(p.verifies))
	}
	if err := p.Start(); err != nil {
		t.Errorf("nobody needs the system's authorities, but: %v", err)
	}
	prepare(t, p, "a:1", targets.Options{TLS: "true"})
	want := ""
	if err := (probes.TLSVerify{}).CheckSystemRoots(); err != nil {
		want = `PROBE_TLS_VERIFY="true": ` + err.Error()
	}
	got := ""
	if err := p.Start(); err != nil {
		got = err.Error()
	}
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
