package tcp

import (
	"encoding/json"
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

// A check that leaves a goroutine behind would leave millions in a day.
func TestMain(m *testing.M) {
	servertest.SideBySide(6)
	unhurried.Main(m)
}

// short is the timeout of checks that are to reach it, after some steps.
const short = 800 * time.Millisecond

// probeWith makes a probe from settings as the program does.
func probeWith(t testing.TB, environ ...string) *Probe {
	t.Helper()
	p, err := New(probestest.Load[Config](t, environ...))
	return probestest.Closed(t, p, err)
}

func prepare(t testing.TB, p *Probe, address string, o targets.Options) probes.Check {
	t.Helper()
	return probestest.Prepare(t, p, "tcp://"+address, o)
}

// runFor runs a check with a timeout and wants an honest result in time.
func runFor(t testing.TB, timeout time.Duration, check probes.Check) (probes.Result, *Details) {
	t.Helper()
	r := probestest.Run(t, timeout, check)
	return r, r.Details.(*Details)
}

// checkOnce checks a server once, without settings.
func checkOnce(t testing.TB, timeout time.Duration, address string, o targets.Options) (probes.Result, *Details) {
	t.Helper()
	return runFor(t, timeout, prepare(t, probeWith(t), address, o))
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
