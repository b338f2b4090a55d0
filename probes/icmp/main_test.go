package icmp

import (
	"testing"
	"time"

	"github.com/uptimer/uptimer/internal/servertest"
	"github.com/uptimer/uptimer/internal/unhurried"
	"github.com/uptimer/uptimer/probes"
	"github.com/uptimer/uptimer/probes/probestest"
)

// A check that leaves a goroutine behind would leave millions in a day.
func TestMain(m *testing.M) {
	servertest.SideBySide(4)
	unhurried.Main(m)
}

// probeWith makes a probe as the program does.
func probeWith(t testing.TB, environ ...string) *Probe {
	t.Helper()
	p, err := New(probestest.Load[Config](t, environ...))
	return probestest.Closed(t, p, err)
}

// runFor runs a check with a timeout and wants an honest result in time.
func runFor(t testing.TB, timeout time.Duration, check probes.Check) (probes.Result, Details) {
	t.Helper()
	r := probestest.Run(t, timeout, check)
	d := *r.Details.(*Details)
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
	probestest.Expect(t, r, reason, text)
	if r.Title != Title || r.TimedOut != timedOut {
		t.Errorf("got %s, timed out %v, want %v", r.Title, r.TimedOut, timedOut)
	}
}
