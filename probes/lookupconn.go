package probes

import (
	"context"
	"net"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// dnsConn is a connection to a DNS server on which a lookup listens in. It ends with the lookup's context: the
// library would wait on for seconds.
type dnsConn struct {
	net.Conn
	lookup *lookup
	stop   func() bool
	stream bool   // messages have their length before them
	said   []byte // what the server has said on a stream, until the question was read
}

// watch wraps a fresh connection.
func watch(l *lookup, conn net.Conn) net.Conn {
	c := &dnsConn{Conn: conn, lookup: l}
	c.stop = context.AfterFunc(l.ctx, func() { _ = conn.SetDeadline(longAgo) })
	if udp, ok := conn.(*net.UDPConn); ok {
		return dnsPacketConn{c, udp}
	}
	c.stream = true
	return c
}

// longAgo is a deadline that ends all that is under way.
var longAgo = time.Unix(1, 0)

// SetDeadline sets a deadline within that of the lookup.
func (c *dnsConn) SetDeadline(t time.Time) error {
	if end, limited := c.lookup.ctx.Deadline(); limited && end.Before(t) {
		t = end
	}
	if c.lookup.ctx.Err() != nil {
		t = longAgo
	}
	return c.Conn.SetDeadline(t)
}

// Read reads, and tells the lookup what it heard.
func (c *dnsConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	switch {
	case err != nil:
		c.lookup.note(err)
	case c.stream:
		if c.said = append(c.said, p[:n]...); len(c.said) > 2 && c.hear(c.said[2:]) {
			c.said = nil
		}
	default:
		c.hear(p[:n])
	}
	return n, err
}

// hear reads the head of a message; false if it is not whole.
func (c *dnsConn) hear(message []byte) bool {
	var p dnsmessage.Parser
	head, err := p.Start(message)
	if err != nil || !head.Response {
		return false
	}
	question, err := p.Question()
	if err != nil {
		return false
	}
	c.lookup.heard(head.RCode, question)
	return true
}

// Write writes, and tells the lookup of its failure.
func (c *dnsConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if err != nil {
		c.lookup.note(err)
	}
	return n, err
}

// Close closes the connection.
func (c *dnsConn) Close() error {
	c.stop()
	return c.Conn.Close()
}

// dnsPacketConn is one on which messages are packets: that it is a net.PacketConn tells the library so.
type dnsPacketConn struct {
	*dnsConn
	udp *net.UDPConn
}

// ReadFrom is there for the interface.
func (c dnsPacketConn) ReadFrom(p []byte) (int, net.Addr, error) { return c.udp.ReadFrom(p) }

// WriteTo is there for the interface.
func (c dnsPacketConn) WriteTo(p []byte, to net.Addr) (int, error) { return c.udp.WriteTo(p, to) }
