package servertest

import (
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
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
// clients, and no other call, of this process or of one beside it, is given it before some hundred more.
func FreeAddress(t testing.TB) string {
	t.Helper()
	for range 100 {
		r := ports()
		addr := loopback(r.first + r.next.Add(1)%r.many)
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

func loopback(port uint32) string {
	return net.JoinHostPort("127.0.0.1", strconv.FormatUint(uint64(port), 10))
}

// The ports of FreeAddress are in rows. A process has one to itself, as tests of other packages run at the same time: it
// listens, as long as it lives, at the port that stands for the row.
const firstPort, rows, rowPorts, claimPort = 11000, 16, 500, 10900

// row is ports in a row.
type row struct {
	first, many uint32
	next        atomic.Uint32
	claim       net.Listener // never closed; nil if the ports are nobody's
}

var ports = sync.OnceValue(newRow)

func newRow() *row {
	begin := rand.Uint32N(rows)
	for i := range uint32(rows) {
		n := (begin + i) % rows
		if claim, err := net.Listen("tcp", loopback(claimPort+n)); err == nil {
			return &row{first: firstPort + n*rowPorts, many: rowPorts, claim: claim}
		}
	}
	all := &row{first: firstPort, many: rows * rowPorts} // a crowd: from somewhere
	all.next.Store(rand.Uint32N(all.many))
	return all
}
