package probes_test

import (
	"testing"
	"time"

	"github.com/uptimer/uptimer/events/eventstest"
	"github.com/uptimer/uptimer/probes"
	httpprobe "github.com/uptimer/uptimer/probes/http"
	"github.com/uptimer/uptimer/targets"
)

// What the event of a check costs, encoding and checking included.
func BenchmarkNewEvent(b *testing.B) {
	catalog := eventstest.Catalog(b)
	status, size, version := 200, int64(5120), "1.1"
	target := targets.Target{URL: "http://example.com/health", Name: "checkout", Options: &targets.Options{Labels: `{"team":"payments","tier":"1"}`}}
	r := probes.Result{Title: "HTTPProbeEvent", Began: time.Now(), Took: 83412 * time.Microsecond, Reason: probes.OK,
		Details: &httpprobe.Details{Method: "GET", StatusCode: &status, HTTPVersion: &version, BodyBytes: &size}}
	for _, phase := range []probes.Phase{probes.PhaseDNS, probes.PhaseConnect, probes.PhaseSend, probes.PhaseWait, probes.PhaseReceive} {
		r.Timings.Add(phase, 1234*time.Microsecond)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := probes.NewEvent(catalog, probes.Where{Instance: "uptimer-0"}, target, r.Began, r); err != nil {
			b.Fatal(err)
		}
	}
}
