package probes

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"testing"
	"time"

	"github.com/uptimer/uptimer/internal/servertest"
)

func addresses(texts ...string) (addrs []netip.Addr) {
	for _, text := range texts {
		addrs = append(addrs, netip.MustParseAddr(text))
	}
	return addrs
}

// A service that has one dead address beside a living one would be reported down.
func TestDialTriesAddressesInOrder(t *testing.T) {
	server := netip.MustParseAddrPort(servertest.Serve(t, func(net.Conn) {}))
	conn, addr, err := Dial(within(t, 10*time.Second), addresses("127.0.0.3", "127.0.0.1"), server.Port())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if addr != server.Addr() {
		t.Errorf("got the address %v, want %v", addr, server.Addr())
	}
}

// A user would not learn which address refused first.
func TestDialReportsTheFirstFailure(t *testing.T) {
	_, port, _ := net.SplitHostPort(servertest.FreeAddress(t))
	number, _ := strconv.ParseUint(port, 10, 16)
	conn, addr, err := Dial(within(t, 10*time.Second), addresses("127.0.0.3", "127.0.0.1"), uint16(number))
	if conn != nil || addr.String() != "127.0.0.3" {
		t.Errorf("got %v from %v", conn, addr)
	}
	wantFailure(t, err, Failure{Refused, fmt.Sprintf("connecting to 127.0.0.3:%s: connection refused", port), false})
}

// A fresh connection each time, ended by the server so that no local port stays taken.
func BenchmarkDial(b *testing.B) {
	server := netip.MustParseAddrPort(servertest.Serve(b, func(net.Conn) {}))
	addrs := []netip.Addr{server.Addr()}
	b.ReportAllocs()
	for b.Loop() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		conn, _, err := Dial(ctx, addrs, server.Port())
		if err != nil {
			b.Fatal(err)
		}
		_, _ = conn.Read(make([]byte, 1))
		_ = conn.Close()
		cancel()
	}
}
