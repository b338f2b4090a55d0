package probes

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
)

// Handshake makes a TLS connection of conn, within ctx. state holds what is known of the peer also when the
// verification of its certificate fails. serverName is a host name or a literal address. alpn may be nil. The
// error is a *Failure, an *OwnFault or Is context.Canceled.
//
// conn's deadline is ctx's from then on. It stays the caller's to close, also after an error. Every handshake is a
// full one: no session is resumed. With certificates to be checked it takes at least TLS 1.2, as browsers do; with
// verify off it speaks to servers as old as TLS 1.0 too, with all ciphers there are, because the question then is
// whether they answer at all.
func Handshake(ctx context.Context, conn net.Conn, serverName string, verify TLSVerify, alpn []string) (secured *tls.Conn, state tls.ConnectionState, err error) {
	doing := "TLS handshake with " + serverName
	name := strings.TrimSuffix(serverName, ".")
	if addr, err := netip.ParseAddr(name); err == nil {
		name = addr.WithZone("").Unmap().String()
	}
	config := &tls.Config{
		ServerName:         name, // goes out for host names only
		NextProtos:         alpn,
		MinVersion:         tls.VersionTLS12,
		InsecureSkipVerify: true, // VerifyConnection does it, so that the certificate is known when it fails
		VerifyConnection: func(s tls.ConnectionState) error {
			state = s
			return verify.check(name, s.PeerCertificates)
		},
	}
	if verify.off {
		config.MinVersion, config.CipherSuites = tls.VersionTLS10, allCiphers
	}
	defer Bind(ctx, conn)()
	heard := &listening{Conn: conn}
	config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		heard.asked = true
		return new(tls.Certificate), nil
	}
	secured = tls.Client(heard, config)
	if err := secured.HandshakeContext(context.WithoutCancel(ctx)); err != nil {
		return nil, state, explainHandshake(ctx, doing, err, heard, alpn)
	}
	if ctx.Err() != nil {
		return nil, state, Explain(ctx, doing, ctx.Err())
	}
	return secured, secured.ConnectionState(), nil
}

// allCiphers are also those that are no longer thought to be safe.
var allCiphers = func() (ids []uint16) {
	for _, suite := range slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) {
		ids = append(ids, suite.ID)
	}
	return ids
}()

// listening remembers the first bytes that the server said, for those that do not speak TLS, and whether it asked
// for a client certificate.
type listening struct {
	net.Conn
	first []byte
	asked bool
}

const maxFirst = 40

// Read reads.
func (l *listening) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	if room := maxFirst - len(l.first); room > 0 && n > 0 {
		l.first = append(l.first, p[:min(n, room)]...)
	}
	return n, err
}

// explainHandshake explains the error of a handshake.
func explainHandshake(ctx context.Context, doing string, err error, heard *listening, alpn []string) error {
	var failure *Failure
	var header tls.RecordHeaderError
	switch {
	case ctx.Err() == context.Canceled:
		return cancelled(doing)
	case errors.As(err, &failure):
		return &Failure{Reason: failure.Reason, Text: doing + ": " + failure.Text}
	case errors.As(err, &header):
		return &Failure{Reason: TLS, Text: doing + ": the server does not speak TLS" + quoteFirst(heard.first)}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &Failure{Reason: TLS, Text: doing + ": the server closed the connection in the middle of it"}
	case slices.Contains(alpn, "http/1.1") && refusesALPN(err):
		return &Failure{Reason: Protocol, Text: doing + ": the server does not speak HTTP/1.1, only another version such as HTTP/2 (h2)"}
	}
	if text, ok := tlsText(err); ok {
		if heard.asked {
			text += " (it asked for a client certificate)"
		}
		return &Failure{Reason: TLS, Text: doing + ": " + text}
	}
	return Explain(ctx, doing, err)
}

// alertNoProtocol is the alert of a server that knows none of the protocols offered.
const alertNoProtocol = tls.AlertError(120)

// refusesALPN tells whether the server wants another protocol than the ones offered.
func refusesALPN(err error) bool {
	text := err.Error()
	return strings.Contains(text, alertNoProtocol.Error()) || strings.Contains(text, "unadvertised ALPN protocol")
}

// tlsText words an error of package tls, if it is one.
func tlsText(err error) (string, bool) {
	var op *net.OpError
	var alert tls.AlertError
	var header tls.RecordHeaderError
	switch {
	case errors.As(err, &header):
		return "the server does not speak TLS", true
	case errors.As(err, &op) && op.Op == "remote error":
		return "the server refuses: " + plainText(op.Err), true
	case errors.As(err, &op) && op.Op == "local error":
		return "what the server sent is not acceptable: " + plainText(op.Err), true
	case errors.As(err, &alert):
		return plainText(alert), true
	case strings.HasPrefix(err.Error(), "tls: "):
		return plainText(err), true
	}
	return "", false
}

// quoteFirst shows the beginning of what a server said instead of TLS.
func quoteFirst(first []byte) string {
	line, _, _ := strings.Cut(string(first), "\n")
	line = strings.TrimRight(line, "\r")
	if line == "" {
		return ""
	}
	return ", it says " + Quote([]byte(line))
}
