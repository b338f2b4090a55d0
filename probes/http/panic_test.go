package http

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/uptimer/uptimer/internal/servertest"
	"github.com/uptimer/uptimer/internal/unhurried"
	"github.com/uptimer/uptimer/probes"
	"github.com/uptimer/uptimer/probes/probestest"
	"github.com/uptimer/uptimer/targets"
)

// panicking panics when it is asked for its deadline again, which is when there is a connection.
type panicking struct {
	context.Context
	asked int
}

func (p *panicking) Deadline() (time.Time, bool) {
	if p.asked++; p.asked > 1 {
		panic("a defect")
	}
	return p.Context.Deadline()
}

// A defect that lets one target's checks panic would take a descriptor each time, until no target can be checked. Seen to
// fail when nothing is done in a panic.
func TestAPanicKeepsNoConnection(t *testing.T) {
	ended := make(chan struct{}, 1)
	address := servertest.Serve(t, func(c net.Conn) {
		servertest.Hold(c)
		ended <- struct{}{}
	})
	check := probestest.Prepare(t, probeWith(t), "http://"+address, targets.Options{})
	ctx := &panicking{Context: probestest.Within(t, probestest.Patience)}
	if _, err := probes.Guarded(ctx, nil, time.Now(), check); err == nil {
		t.Fatal("it did not panic")
	}
	select {
	case <-ended:
	case <-time.After(unhurried.Patience):
		t.Error("the connection is still open")
	}
}
