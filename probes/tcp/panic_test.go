package tcp

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
	ended := make(chan struct{}, 1)
	address := servertest.Serve(t, func(c net.Conn) {
		_, _ = io.WriteString(c, "hello")
		servertest.Hold(c)
		ended <- struct{}{}
	})
	check := prepare(t, probeWith(t), address, targets.Options{Expect: "hello"}).(*Check)
	broken := *check.options
	broken.expect = &probes.Regex{} // panics when it is to match
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
