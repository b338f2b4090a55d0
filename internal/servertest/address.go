package servertest

import (
	"net"
	"testing"
)

// ListenBoth opens a port on loopback that is free for UDP and for TCP. Both are the caller's to close.
func ListenBoth(t testing.TB) (net.PacketConn, net.Listener) {
	t.Helper()
	for range 100 {
		packets, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		streams, err := net.Listen("tcp", packets.LocalAddr().String())
		if err == nil {
			return packets, streams
		}
		packets.Close() // another program has that port for TCP
	}
	t.Fatal("no port is free for UDP and TCP")
	return nil, nil
}

// FreeAddress is an address on loopback at which nobody listens, neither for UDP nor for TCP: one that refuses, or one
// for a server that takes no port 0. Nobody is kept from it either.
func FreeAddress(t testing.TB) string {
	t.Helper()
	packets, streams := ListenBoth(t)
	packets.Close()
	streams.Close()
	return packets.LocalAddr().String()
}
