//go:build !linux

package probes

import (
	"context"
	"net"
	"net/netip"
	"time"
)

// connect opens a TCP connection, until deadline (the zero time: without an end) or the end of ctx. Its error is one
// for Explain.
func connect(ctx context.Context, remote netip.AddrPort, deadline time.Time) (net.Conn, error) {
	return connectByDialer(ctx, remote, deadline)
}
