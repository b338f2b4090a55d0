package servertest

import (
	"context"
	"net"
	"sync"
	"testing"
)

// Serve lets speak do what a server does with each connection, each in a goroutine of its own, and closes a connection
// when speak returns. It returns the server's address, a host and a port. When the test ends, connections that are
// still open are closed under speak, and waited for.
func Serve(t testing.TB, speak func(net.Conn)) string {
	t.Helper()
	return ServeAt(t, "127.0.0.1:0", speak)
}

// ServeAt is Serve at a given address; its port may be 0, for any that is free.
func ServeAt(t testing.TB, address string, speak func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	ctx, cancel := context.WithCancel(context.Background())
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			stop := context.AfterFunc(ctx, func() { c.Close() })
			wg.Go(func() {
				defer stop()
				speak(c)
				c.Close()
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		cancel()
		wg.Wait()
	})
	return l.Addr().String()
}

// ServePackets answers each packet over UDP with what answer makes of it, one after the other, and not at all if that
// is nil. The packet is answer's to change, until the next one. It returns the server's address.
func ServePackets(t testing.TB, answer func(packet []byte) []byte) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for packet := make([]byte, 1500); ; {
			n, from, err := conn.ReadFrom(packet)
			if err != nil {
				return
			}
			if said := answer(packet[:n]); said != nil {
				_, _ = conn.WriteTo(said, from)
			}
		}
	})
	t.Cleanup(func() {
		conn.Close()
		wg.Wait()
	})
	return conn.LocalAddr().String()
}
