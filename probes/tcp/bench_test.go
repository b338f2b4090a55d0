package tcp

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/uptimer/uptimer/internal/servertest"
	"github.com/uptimer/uptimer/probes"
	"github.com/uptimer/uptimer/targets"
)

// BenchmarkCheck is what a check costs, the server on loopback included; bare is the least that connecting with Go
// costs, to compare with connect.
func BenchmarkCheck(b *testing.B) {
	closing := func(net.Conn) {}
	b.Run("bare", func(b *testing.B) {
		address := servertest.Serve(b, closing)
		dialer := net.Dialer{KeepAlive: -1}
		b.ReportAllocs()
		for b.Loop() {
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			c, err := dialer.DialContext(ctx, "tcp", address)
			if err != nil {
				b.Fatal(err)
			}
			_ = c.Close()
			cancel()
		}
	})
	for _, c := range []struct {
		name    string
		speak   func(net.Conn)
		options targets.Options
	}{
		{"connect", closing, targets.Options{}},
		{"banner", say("SSH-2.0-OpenSSH_9.2\r\n"), targets.Options{Expect: `^SSH-2\.0-`}},
		{"conversation", answer("+PONG\r\n"), targets.Options{Send: `PING\r\n`, Expect: `^\+PONG`}},
	} {
		b.Run(c.name, func(b *testing.B) {
			check := prepare(b, probeWith(b), servertest.Serve(b, c.speak), c.options)
			b.ReportAllocs()
			for b.Loop() {
				ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
				if r, err := check.Run(ctx); err != nil || r.Reason != probes.OK {
					b.Fatal(r, err)
				}
				cancel()
			}
		})
	}
}
