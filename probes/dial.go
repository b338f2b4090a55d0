package probes

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"
)

// minDialShare is what an address is given at least, if there is so much time: many addresses must not leave each
// a time in which nobody can answer.
const minDialShare = time.Second

// dialer opens the connections. A check is one connection, so there is nothing to keep alive.
var dialer = net.Dialer{KeepAlive: -1}

// Dial opens a TCP connection to the first address that takes it. The time until ctx's deadline is shared by the
// addresses that are left, but an address is given at least a second of what there is. The error is that of the
// first address which the target is to blame for, else an *OwnFault, or Is context.Canceled; addr is the address
// that the connection or error belongs to.
func Dial(ctx context.Context, addrs []netip.Addr, port uint16) (conn net.Conn, addr netip.Addr, err error) {
	if len(addrs) == 0 {
		return nil, addr, &OwnFault{CauseInternal, errors.New("connecting to no address at all")}
	}
	var failure *Failure
	for i, a := range addrs {
		conn, nextErr := dialOne(ctx, netip.AddrPortFrom(a, port), len(addrs)-i)
		if nextErr == nil {
			return conn, a, nil
		}
		if ctx.Err() == context.Canceled {
			return nil, a, nextErr
		}
		if err == nil || failure == nil && errors.As(nextErr, &failure) {
			err, addr = nextErr, a
			errors.As(nextErr, &failure)
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, addr, err
}

// dialOne tries one address for its share of the time, of those that are left.
func dialOne(ctx context.Context, remote netip.AddrPort, left int) (net.Conn, error) {
	deadline, limited := ctx.Deadline()
	if limited && left > 1 {
		now := time.Now()
		share := max(deadline.Sub(now)/time.Duration(left), minDialShare)
		if end := now.Add(share); end.Before(deadline) {
			deadline = end
		}
	}
	conn, err := connect(ctx, remote, deadline)
	if err != nil {
		return nil, Explain(ctx, "connecting to "+remote.String(), err)
	}
	return conn, nil
}

// connectByDialer opens a connection as package net does.
func connectByDialer(ctx context.Context, remote netip.AddrPort, deadline time.Time) (net.Conn, error) {
	if !deadline.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline)
		defer cancel()
	}
	// Not DialTCP: it binds the socket first, which takes a local port from all destinations and not from this one.
	return dialer.DialContext(ctx, "tcp", remote.String())
}
