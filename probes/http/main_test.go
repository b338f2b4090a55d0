package http

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/uptimer/uptimer/events/plugin"
	"github.com/uptimer/uptimer/internal/unhurried"
	"github.com/uptimer/uptimer/probes"
	"github.com/uptimer/uptimer/targets"
)

func TestMain(m *testing.M) { unhurried.Main(m) }

// patience is the timeout of checks that are not about time.
const patience = time.Minute

// slack is what may be missing of a time that the server and the check measure: it is cut to the microsecond, and a
// sleeping server begins before its last byte has arrived.
const slack = 5 * time.Millisecond

// loopback is the address of all servers here.
var loopback = netip.MustParseAddr("127.0.0.1")

// configOf reads settings as the program does. The proxies of the environment that the tests run in are left out.
func configOf(t testing.TB, environ ...string) Config {
	t.Helper()
	var c Config
	environ = append([]string{"PROBE_PROXY=off"}, environ...)
	if err := plugin.Load(plugin.NewEnvironment(environ), &c); err != nil {
		t.Fatal(err)
	}
	return c
}

func probeWith(t testing.TB, environ ...string) *Probe {
	t.Helper()
	p, err := New(configOf(t, environ...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

func prepare(t testing.TB, p *Probe, url string, o targets.Options) probes.Check {
	t.Helper()
	check, err := p.Prepare(targets.Target{URL: url, Options: &o})
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
	r, err := check.Run(ctx)
	if err != nil {
		t.Fatalf("no result: %v", err)
	}
	if r.Timings.Total() != r.Took {
		t.Errorf("phases add up to %v, the check took %v", r.Timings.Total(), r.Took)
	}
	if (r.Reason == probes.OK) != (r.Error == "") {
		t.Errorf("reason %s with error %q", r.Reason, r.Error)
	}
	return r, r.Details.(*Details)
}

func checkOnce(t testing.TB, url string, o targets.Options, environ ...string) (probes.Result, *Details) {
	t.Helper()
	return runFor(t, patience, prepare(t, probeWith(t, environ...), url, o))
}

// deadline is a context that lives until then or the end of the test.
func deadline(t testing.TB, timeout time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	t.Cleanup(cancel)
	return ctx
}

// expect compares what everybody sees first.
func expect(t testing.TB, r probes.Result, reason probes.Reason, text string) {
	t.Helper()
	if r.Reason != reason || r.Error != text {
		t.Errorf("got %s %q\nwant %s %q", r.Reason, r.Error, reason, text)
	}
}

// say is a server that reads a request, answers with texts and closes.
func say(texts ...string) func(net.Conn) {
	return func(c net.Conn) {
		if readRequest(c) == nil {
			return
		}
		for _, text := range texts {
			if _, err := io.WriteString(c, text); err != nil {
				return
			}
		}
	}
}

// readRequest reads a request with its body, nil if there is none.
func readRequest(c net.Conn) *http.Request {
	request, err := http.ReadRequest(bufio.NewReader(c))
	if err != nil {
		return nil
	}
	_, _ = io.Copy(io.Discard, request.Body)
	return request
}

// forever writes a text again and again until the other side has had enough.
func forever(c net.Conn, text string) {
	for {
		if _, err := io.WriteString(c, text); err != nil {
			return
		}
	}
}

// drip writes a text again and again, slowly.
func drip(c net.Conn, text string) {
	for {
		if _, err := io.WriteString(c, text); err != nil {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}
