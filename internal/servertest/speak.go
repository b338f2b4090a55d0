package servertest

import (
	"crypto/tls"
	"io"
	"net"
)

// Hold says nothing and waits until the other side closes: a mute server.
func Hold(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

// HearAndClose reads the client's first message and says nothing. To close with bytes unread would be a reset.
func HearAndClose(c net.Conn) { _, _ = c.Read(make([]byte, 16<<10)) }

// OverTLS speaks over TLS once the handshake succeeds, and then says good-bye as TLS wants it.
func OverTLS(config *tls.Config, speak func(net.Conn)) func(net.Conn) {
	return func(c net.Conn) {
		secured := tls.Server(c, config)
		if secured.Handshake() == nil {
			speak(secured)
			_ = secured.CloseWrite()
		}
	}
}

// Showing is the configuration of a server that shows a certificate and speaks these protocols, any if none is named.
func Showing(cert tls.Certificate, protocols ...string) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: protocols}
}
