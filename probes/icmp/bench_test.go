package icmp

import (
	"testing"
	"time"

	"github.com/uptimer/uptimer/probes"
	"github.com/uptimer/uptimer/probes/probestest"
	"github.com/uptimer/uptimer/targets"
)

// BenchmarkCheck is what a check of one packet costs, the kernel's answer on loopback included. Whether it measures
// a datagram or a raw socket is up to the machine.
func BenchmarkCheck(b *testing.B) {
	p := probeWith(b)
	if err := p.Start(); err != nil {
		b.Skip(err)
	}
	for name, url := range map[string]string{"ipv4": "icmp://127.0.0.1", "ipv6": "icmp://[::1]"} {
		b.Run(name, func(b *testing.B) {
			check := probestest.Prepare(b, p, url, targets.Options{})
			ctx := probestest.Within(b, 10*time.Minute)
			b.ReportAllocs()
			for b.Loop() {
				if r, err := check.Run(ctx); err != nil || r.Reason != probes.OK {
					b.Fatal(r, err)
				}
			}
		})
	}
}

// BenchmarkChecks is what a check costs while others are made on all processors, through the same socket.
func BenchmarkChecks(b *testing.B) {
	p := probeWith(b)
	if err := p.Start(); err != nil {
		b.Skip(err)
	}
	ctx := probestest.Within(b, 10*time.Minute)
	check := probestest.Prepare(b, p, "icmp://127.0.0.1", targets.Options{})
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if r, err := check.Run(ctx); err != nil || r.Reason != probes.OK {
				b.Error(r, err)
				return
			}
		}
	})
}
