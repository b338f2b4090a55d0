package tcp

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/uptimer/uptimer/events/plugin"
	"github.com/uptimer/uptimer/internal/servertest"
	"github.com/uptimer/uptimer/internal/unhurried"
	"github.com/uptimer/uptimer/probes"
	"github.com/uptimer/uptimer/targets"
)

// A check that leaves a goroutine behind would leave millions in a day.
func TestMain(m *testing.M) {
	servertest.SideBySide(6)
	unhurried.Main(m)
}

const (
	patience = time.Minute            // the timeout of checks that are not about time
	short    = 800 * time.Millisecond // the timeout of those that are to reach it, after some steps
)

// loopback is the address of all servers here but one.
var loopback = netip.MustParseAddr("127.0.0.1")

// probeWith makes a probe from settings as the program does.
func probeWith(t testing.TB, environ ...string) *Probe {
	t.Helper()
	var c Config
	if err := plugin.Load(plugin.NewEnvironment(environ), &c); err != nil {
		t.Fatal(err)
	}
	p, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

func prepare(t testing.TB, p *Probe, address string, o targets.Options) probes.Check {
	t.Helper()
	check, err := p.Prepare(targets.Target{URL: "tcp://" + address, Options: &o})
	if err != nil {
		t.Fatal(err)
	}
	return check
}

// runFor runs a check with a timeout and expects an honest result in time.
func runFor(t testing.TB, timeout time.Duration, check probes.Check) (probes.Result, *Details) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	began := time.Now()
	r, err := check.Run(ctx)
	if err != nil {
		t.Fatalf("no result: %v", err)
	}
	if took := time.Since(began); took > timeout+10*time.Second {
		t.Errorf("took %v", took)
	}
	if r.Timings.Total() != r.Took {
		t.Errorf("phases add up to %v, the check took %v", r.Timings.Total(), r.Took)
	}
	if r.Up() != (r.Error == "") {
		t.Errorf("reason %s with error %q", r.Reason, r.Error)
	}
	return r, r.Details.(*Details)
}

// checkOnce checks a server once, without settings.
func checkOnce(t testing.TB, timeout time.Duration, address string, o targets.Options) (probes.Result, *Details) {
	t.Helper()
	return runFor(t, timeout, prepare(t, probeWith(t), address, o))
}

// expect compares what everybody sees first.
func expect(t testing.TB, r probes.Result, reason probes.Reason, text string) {
	t.Helper()
	if r.Reason != reason || r.Error != text {
		t.Errorf("got %s %q\nwant %s %q", r.Reason, r.Error, reason, text)
	}
}

// shown is a value that may be null, as events write it.
func shown(value any) string {
	text, _ := json.Marshal(value)
	return string(text)
}

// say is a server that says something, and then waits until the other side has closed.
func say(text string) func(net.Conn) {
	return func(c net.Conn) {
		_, _ = io.WriteString(c, text)
		servertest.Hold(c)
	}
}

// answer is a server that answers the first that it reads, and then waits until the other side has closed.
func answer(text string) func(net.Conn) {
	return func(c net.Conn) {
		if _, err := c.Read(make([]byte, 1024)); err == nil {
			say(text)(c)
		}
	}
}

// forever writes a text again and again, with pauses, until the other side has had enough.
func forever(text string, pause time.Duration) func(net.Conn) {
	return func(c net.Conn) {
		for {
			if _, err := io.WriteString(c, text); err != nil {
				return
			}
			time.Sleep(pause)
		}
	}
}

func closeWrite(c net.Conn) { _ = c.(*net.TCPConn).CloseWrite() }

// reset closes a connection so that the other side sees a reset.
func reset(c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0) }
