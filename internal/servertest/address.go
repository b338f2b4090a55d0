package servertest

import (
	"math/rand/v2"
	"net"
	"strconv"
	"sync/atomic"
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
// for a server that takes no port 0. Nobody is kept from it either, but the port is below those that the system gives to
// clients, and no other call of this process is given it before some thousand more.
func FreeAddress(t testing.TB) string {
	t.Helper()
	for range 100 {
		port := firstPort + ports.Add(1)%manyPorts
		addr := net.JoinHostPort("127.0.0.1", strconv.FormatUint(uint64(port), 10))
		packets, err := net.ListenPacket("udp", addr)
		if err != nil {
			continue // another program has it
		}
		packets.Close()
		if streams, err := net.Listen("tcp", addr); err == nil {
			streams.Close()
			return addr
		}
	}
	t.Fatal("no port is free for UDP and TCP")
	return ""
}

// The ports of FreeAddress: in a row, from somewhere, as tests of other packages run at the same time.
const firstPort, manyPorts = 11000, 8000

var ports = func() *atomic.Uint32 {
	var n atomic.Uint32
	n.Store(rand.Uint32N(manyPorts))
	return &n
}()
