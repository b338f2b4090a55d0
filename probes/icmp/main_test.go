package icmp

import (
	"context"
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
	servertest.SideBySide(4)
	unhurried.Main(m)
}

// patience is the timeout of checks that are not about time.
const patience = 20 * time.Second

// probeWith makes a probe as the program does.
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
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func prepare(t testing.TB, p *Probe, url string, o targets.Options) probes.Check {
	t.Helper()
	check, err := p.Prepare(targets.Target{URL: url, Timeout: patience, Options: &o})
	if err != nil {
		t.Fatal(err)
	}
	return check
}

// within is a context with a deadline, which ends with the test.
func within(t testing.TB, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

// runFor runs a check with a timeout and expects an honest result in time.
func runFor(t testing.TB, timeout time.Duration, check probes.Check) (probes.Result, Details) {
	t.Helper()
	r, err := check.Run(within(t, timeout))
	if err != nil {
		t.Fatalf("no result: %v", err)
	}
	d := *r.Details.(*Details)
	if r.Timings.Total() != r.Took {
		t.Errorf("phases add up to %v, the check took %v", r.Timings.Total(), r.Took)
	}
	if (r.Reason == probes.OK) != (r.Error == "") || r.Up() && r.TimedOut {
		t.Errorf("reason %s with error %q, timed out: %v", r.Reason, r.Error, r.TimedOut)
	}
	if measured := d.RTTMin != nil && d.RTTAvg != nil && d.RTTMax != nil && d.RTTStddev != nil; measured != (d.PacketsReceived > 0) {
		t.Errorf("%+v", d)
	} else if measured && (*d.RTTMin > *d.RTTAvg || *d.RTTAvg > *d.RTTMax || *d.RTTMin <= 0 || *d.RTTStddev < 0 || *d.RTTStddev > *d.RTTMax-*d.RTTMin) {
		t.Errorf("round trips: min %v avg %v max %v stddev %v", *d.RTTMin, *d.RTTAvg, *d.RTTMax, *d.RTTStddev)
	}
	return r, d
}

// expect is what a result must be.
func expect(t testing.TB, r probes.Result, reason probes.Reason, text string, timedOut bool) {
	t.Helper()
	if r.Title != Title || r.Reason != reason || r.Error != text || r.TimedOut != timedOut {
		t.Errorf("got %s %q timed out %v, want %s %q %v", r.Reason, r.Error, r.TimedOut, reason, text, timedOut)
	}
}
