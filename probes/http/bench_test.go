package http

import (
	"net"
	"testing"
	"time"

	"github.com/uptimer/uptimer/internal/servertest"
	"github.com/uptimer/uptimer/probes"
	"github.com/uptimer/uptimer/probes/probestest"
	"github.com/uptimer/uptimer/targets"
)

// BenchmarkCheck is what a check of a fresh connection costs, the server on loopback included.
func BenchmarkCheck(b *testing.B) {
	addr := servertest.Serve(b, func(c net.Conn) {
		buffer := make([]byte, 1024)
		if _, err := c.Read(buffer); err == nil {
			_, _ = c.Write([]byte(okHead + "Content-Type: text/plain\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"))
		}
	})
	for name, o := range map[string]targets.Options{"plain": {}, "regex": {Regex: "hello"}} {
		b.Run(name, func(b *testing.B) {
			check := probestest.Prepare(b, probeWith(b), "http://"+addr+"/health", o)
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
