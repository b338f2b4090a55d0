package tcp

import (
	"crypto/tls"
	"net"
	"time"
)

// goodbye is how long the last message of a TLS connection may take to be written. It takes no time unless the
// server has stopped reading.
const goodbye = 50 * time.Millisecond

// hangUp closes the connection so that the server sees its end (FIN) and not that it was broken off (RST): a system
// says the latter if something that came was not read.
func (r *run) hangUp() {
	if secured, ok := r.conn.(*tls.Conn); ok {
		_ = r.socket.SetWriteDeadline(time.Now().Add(goodbye))
		_ = secured.CloseWrite()
	}
	discard(r.socket)
	_ = r.socket.Close()
}

// ownDeadline is a connection whose write deadline is ours alone: package tls sets its own before its last message,
// five seconds, which is longer than a check may have left.
type ownDeadline struct{ net.Conn }

// SetWriteDeadline does nothing.
func (ownDeadline) SetWriteDeadline(time.Time) error { return nil }
