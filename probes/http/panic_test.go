package http

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/uptimer/uptimer/internal/servertest"
	"github.com/uptimer/uptimer/internal/unhurried"
	"github.com/uptimer/uptimer/probes"
	"github.com/uptimer/uptimer/probes/probestest"
	"github.com/uptimer/uptimer/targets"
)

// A defect that lets one target's checks panic would take a descriptor each time, until no target can be checked.
func TestAPanicKeepsNoConnection(t *testing.T) {
	for _, keepAlive := range []string{"false", "true"} {
		ended := make(chan struct{}, 1)
		address := servertest.Serve(t, func(c net.Conn) {
			if readRequest(c) != nil {
				_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
				servertest.Hold(c)
			}
			ended <- struct{}{}
		})
		check := probestest.Prepare(t, probeWith(t, "PROBE_KEEPALIVE="+keepAlive), "http://"+address, targets.Options{Regex: "hello"}).(*Check)
		broken := *check.options
		broken.regex = &probes.Regex{} // panics when it is to match, or to be shown
		check.options = &broken
		if _, err := probes.Guarded(probestest.Within(t, probestest.Patience), nil, time.Now(), check); err == nil {
			t.Fatal("it did not panic")
		}
		select {
		case <-ended:
		case <-time.After(unhurried.Patience):
			t.Error("the connection is still open")
		}
	}
}
