// Package probestest is what the tests of every probe need: to read settings, to prepare a check and to run it. Only
// tests import it.
package probestest

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"github.com/uptimer/uptimer/events/plugin"
	"github.com/uptimer/uptimer/probes"
	"github.com/uptimer/uptimer/targets"
)

// Patience is the timeout of checks that are not about time.
const Patience = time.Minute

// Loopback is the address of most servers.
var Loopback = netip.MustParseAddr("127.0.0.1")

// Load reads the settings of a probe as the program does.
func Load[C any](t testing.TB, environ ...string) (c C) {
	t.Helper()
	if err := plugin.Load(plugin.NewEnvironment(environ), &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// Closed closes a probe when the test ends.
func Closed[P probes.Probe](t testing.TB, p P, err error) P {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// Prepare makes the check of a target.
func Prepare(t testing.TB, p probes.Probe, url string, o targets.Options) probes.Check {
	t.Helper()
	check, err := p.Prepare(targets.Target{URL: url, Timeout: Patience, Options: &o})
	if err != nil {
		t.Fatal(err)
	}
	return check
}

// Run runs a check with a timeout, and wants an honest result soon after that at the latest.
func Run(t testing.TB, timeout time.Duration, check probes.Check) probes.Result {
	t.Helper()
	began := time.Now()
	r, err := check.Run(Within(t, timeout))
	if err != nil {
		t.Fatalf("no result: %v", err)
	}
	if took := time.Since(began); took > timeout+10*time.Second {
		t.Errorf("took %v, with a timeout of %v", took, timeout)
	}
	if r.Timings.Total() != r.Took {
		t.Errorf("phases add up to %v, the check took %v", r.Timings.Total(), r.Took)
	}
	if r.Up() != (r.Error == "") || r.Up() && r.TimedOut {
		t.Errorf("reason %s with error %q, timed out: %v", r.Reason, r.Error, r.TimedOut)
	}
	return r
}

// Within is a context with a deadline, which ends with the test.
func Within(t testing.TB, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

// Expect compares what everybody sees first.
func Expect(t testing.TB, r probes.Result, reason probes.Reason, text string) {
	t.Helper()
	if r.Reason != reason || r.Error != text {
		t.Errorf("got %s %q\nwant %s %q", r.Reason, r.Error, reason, text)
	}
}
