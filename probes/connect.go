package probes

import (
	"context"
	"net"
	"net/netip"
	"time"
)

// Connect looks up a host and opens a TCP connection to it, and gives the time to the phases dns (none for a
// literal address) and connect. addr is the address that the connection or the error belongs to; the zero Addr if
// it did not get so far. The error is that of Lookup or Dial.
func (r *Resolver) Connect(ctx context.Context, watch *Stopwatch, host string, port uint16, family Family) (conn net.Conn, addr netip.Addr, err error) {
	var addrs []netip.Addr
	if literal, notLiteral := netip.ParseAddr(host); notLiteral == nil {
		addrs, err = family.only(literal, host)
	} else {
		addrs, err = r.Lookup(ctx, host, family)
		watch.Lap(PhaseDNS)
	}
	if err != nil {
		return nil, addr, err
	}
	conn, addr, err = Dial(ctx, addrs, port)
	watch.Lap(PhaseConnect)
	return conn, addr, err
}

// Bind makes reads and writes end with ctx: its deadline is the connection's from then on, and its cancellation
// ends what is under way. It costs no goroutine. unbind undoes the latter only; false says that ctx has ended.
func Bind(ctx context.Context, conn net.Conn) (unbind func() bool) {
	deadline, _ := ctx.Deadline()
	_ = conn.SetDeadline(deadline) // fails on a closed connection only, which the next use will tell
	return afterCancel(ctx, func() { _ = conn.SetDeadline(longAgo) })
}

// SetReadDeadline lets reads of a connection that is bound to ctx end at t, or with ctx if that is sooner. The zero
// time lifts the limit again.
func SetReadDeadline(ctx context.Context, conn net.Conn, t time.Time) {
	if end, limited := ctx.Deadline(); limited && (t.IsZero() || end.Before(t)) {
		t = end
	}
	_ = conn.SetReadDeadline(t)
	if ctx.Err() != nil { // Bind may have set its own before this one
		_ = conn.SetReadDeadline(longAgo)
	}
}
