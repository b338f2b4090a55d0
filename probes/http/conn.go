package http

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/uptimer/uptimer/probes"
)

const (
	readBuffer = 4 << 10
	maxHead    = 64 << 10 // bytes of status line and header, those of interim answers included
)

var errHeadTooLong = errors.New("header too long")

// conn is a connection to a server or proxy. While it is bound to a context, reads and writes end with it.
type conn struct {
	net.Conn          // what is read and written: the socket, or TLS over it
	socket   net.Conn // the TCP connection, which deadlines are set on
	reader   *reader
	head     int   // how many bytes may still be read before the end of the header; below zero: no limit
	ended    bool  // the stream has come to its end
	failed   error // of the last read, if it was not the end of the stream
	unbind   func() bool

	at     place // whom we speak to, through a proxy or not
	addr   netip.Addr
	proxy  *place            // set if requests are for a proxy, in absolute form
	seen   probes.TLSDetails // what the handshake told
	reused bool              // it has served a check before
	sent   bool              // the whole request is written
}

// reader is what a connection is read with while a check uses it.
type reader struct {
	bufio.Reader
	plain plainAnswer // which was read last, if it was plain
}

var readers = sync.Pool{New: func() any { return &reader{Reader: *bufio.NewReaderSize(nil, readBuffer)} }}

func newConn(socket net.Conn, addr netip.Addr, at place) *conn {
	c := &conn{Conn: socket, socket: socket, addr: addr, at: at, head: -1}
	c.takeReader()
	return c
}

// Read keeps the limit of the header, and the error: the packages above wrap or replace it.
func (c *conn) Read(p []byte) (int, error) {
	if c.head >= 0 {
		if c.head == 0 {
			return 0, errHeadTooLong
		}
		p = p[:min(len(p), c.head)]
	}
	n, err := c.Conn.Read(p)
	if c.head > 0 {
		c.head -= n
	}
	switch {
	case errors.Is(err, io.EOF):
		c.ended = true
	case err != nil:
		c.failed = err
	}
	return n, err
}

// bind makes the connection obey ctx: its deadline is the connection's, and its end ends reads and writes.
func (c *conn) bind(ctx context.Context) {
	if c.unbind != nil {
		c.unbind()
	}
	c.unbind = probes.Bind(ctx, c.socket)
}

// close ends the connection. A TLS connection that did its work says good-bye; one that failed might block.
func (c *conn) close() {
	if c.unbind != nil {
		c.unbind()
	}
	if c.reader != nil {
		c.dropReader()
	}
	if c.Conn != c.socket && c.failed == nil && c.sent {
		_ = c.Conn.Close()
	}
	_ = c.socket.Close()
}

// rest makes the connection ready to wait for the next check, and tells whether it can: nothing may be left to
// read, and no context may be about to end it.
func (c *conn) rest() bool {
	if c.failed != nil || c.ended || c.reader.Buffered() > 0 || !c.unbind() {
		return false
	}
	c.unbind = nil
	c.dropReader()
	return c.socket.SetDeadline(time.Time{}) == nil
}

func (c *conn) takeReader() {
	c.reader = readers.Get().(*reader)
	c.reader.Reset(c)
}

// dropReader gives the reader back, and an answer that is in it.
func (c *conn) dropReader() {
	c.reader.Reset(nil)
	c.reader.plain = plainAnswer{}
	readers.Put(c.reader)
	c.reader = nil
}

// wake takes a connection that rested into use again, and tells whether the server has left it alone meanwhile.
func (c *conn) wake() bool {
	c.takeReader()
	c.reused, c.sent = true, false
	return quiet(c.socket)
}

// open makes a new connection to a place, through a proxy if there is one for it. Its error is a *probes.Failure,
// a *probes.OwnFault or Is context.Canceled.
func (r *run) open(ctx context.Context, to place) (*conn, error) {
	proxy, err := r.check.probe.proxies.forPlace(to)
	if err != nil {
		return nil, err
	}
	if proxy != nil {
		return r.openThrough(ctx, proxy, to)
	}
	c, err := r.dial(ctx, to)
	if err != nil {
		return nil, err
	}
	if to.https() {
		err = r.secure(ctx, c)
	}
	return c, closeOn(err, c)
}

// dial opens the TCP connection.
func (r *run) dial(ctx context.Context, to place) (*conn, error) {
	p, family := r.check.probe, r.check.options.family
	socket, addr, err := p.resolver.Connect(ctx, &r.watch, to.Hostname, to.Port, family)
	if addr.IsValid() {
		r.ip = addr
	}
	if err != nil {
		return nil, err
	}
	c := newConn(socket, addr, to)
	r.opened = c
	c.bind(ctx)
	return c, nil
}

// secure makes a TLS connection of c.
func (r *run) secure(ctx context.Context, c *conn) error {
	secured, state, err := probes.Handshake(ctx, c.Conn, c.at.Hostname, r.check.options.verify, []string{"http/1.1"})
	r.watch.Lap(probes.PhaseTLS)
	c.seen.Secured(&state)
	r.details.TLSDetails = c.seen
	if err != nil {
		return err
	}
	c.Conn = secured
	c.bind(ctx) // the handshake may have changed the deadline
	return nil
}

func closeOn(err error, c *conn) error {
	if err != nil {
		c.close()
	}
	return err
}
