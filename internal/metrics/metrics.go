// Package metrics counts what uptimer does, and shows it to Prometheus.
package metrics

import (
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/uptimer/uptimer/internal/version"
)

// Metrics is all counters of a process. No label grows with the number of targets.
type Metrics struct {
	registry *prometheus.Registry

	checks       *checks
	lag          prometheus.Histogram
	skipped      *prometheus.CounterVec
	ownFaults    *prometheus.CounterVec
	inFlight     prometheus.Gauge
	targets      prometheus.Gauge
	written      *prometheus.CounterVec
	rejected     *prometheus.CounterVec
	writeSeconds *prometheus.HistogramVec
	retries      *prometheus.CounterVec
	batch        *prometheus.HistogramVec
	deadLetters  prometheus.Counter
	expired      *prometheus.CounterVec
	lags         *lags
	misjudged    prometheus.Counter
}

// checkBuckets reach from a loopback to the longest usual timeout, in seconds.
var checkBuckets = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}

// lagBuckets are fine where a late check begins to matter, in seconds.
var lagBuckets = []float64{.001, .0025, .005, .01, .02, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}

// New makes the counters, all at zero, with Go's and the process's own.
func New() *Metrics {
	m := &Metrics{
		registry:     prometheus.NewRegistry(),
		checks:       newChecks(),
		skipped:      counters("uptimer_slots_skipped_total", "Slots that passed without a check.", "cause"),
		ownFaults:    counters("uptimer_own_faults_total", "Checks that gave no event because the fault was ours.", "cause"),
		inFlight:     gauge("uptimer_checks_in_flight", "Checks that run now."),
		targets:      gauge("uptimer_targets", "Targets on the list of this instance."),
		written:      counters("uptimer_events_written_total", "Events that a writer stored.", "writer"),
		rejected:     counters("uptimer_events_rejected_total", "Events that a writer refused for good.", "writer"),
		writeSeconds: histograms("uptimer_write_duration_seconds", "Time of writes that succeeded.", checkBuckets, "writer"),
		retries:      counters("uptimer_write_retries_total", "Writes that were tried again.", "writer"),
		expired:      counters("uptimer_events_expired_total", "Events that a writer acknowledged and did not store because they are older than it keeps them.", "writer"),
		lags:         newLags(),
		batch:        histograms("uptimer_batch_events", "Events of a write that succeeded.", prometheus.ExponentialBuckets(1, 4, 8), "writer"),
	}
	m.lag = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "uptimer_schedule_lag_seconds", Help: "How long after it was due a check began.", Buckets: lagBuckets,
	})
	m.deadLetters = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "uptimer_dead_letters_total", Help: "Messages that were put on the topic for dead letters.",
	})
	m.misjudged = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "uptimer_misjudged_events_total", Help: "Events of our own that the fast path took and the second opinion did not take as they were: a defect.",
	})
	// A rate needs a zero to begin at.
	for _, cause := range []string{"overrun", "writer", "concurrency", "behind", "clock"} {
		m.skipped.WithLabelValues(cause)
	}
	for _, cause := range []string{"resolver", "descriptors", "buffers", "ports", "route", "permission", "proxy", "starved", "internal"} {
		m.ownFaults.WithLabelValues(cause)
	}
	m.registry.MustRegister(m.checks.total, m.checks.duration, m.lag, m.skipped, m.ownFaults, m.inFlight, m.targets,
		m.written, m.rejected, m.writeSeconds, m.retries, m.batch, m.deadLetters, m.expired, m.lags, m.misjudged, buildInfo(),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

func histograms(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
}

func gauge(name, help string) prometheus.Gauge {
	return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
}

func buildInfo() prometheus.Collector {
	info := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "uptimer_build_info", Help: "Which build this is; always 1.",
	}, []string{"version", "commit", "go_version"})
	info.WithLabelValues(version.Short(), version.Commit(), runtime.Version()).Set(1)
	return info
}

// Misjudged counts an event that the fast path and the library differ about.
func (m *Metrics) Misjudged() { m.misjudged.Inc() }

// Scheduler is what the scheduler of checks reports to.
type Scheduler struct{ m *Metrics }

// Scheduler returns the scheduler's part.
func (m *Metrics) Scheduler() Scheduler { return Scheduler{m} }

// Started counts a check that began late by that much.
func (s Scheduler) Started(late time.Duration) { s.m.lag.Observe(late.Seconds()) }

// Checked counts a check that gave an event.
func (s Scheduler) Checked(protocol, reason string, took time.Duration) {
	s.m.checks.count(outcome{protocol, reason}, took)
}

// OwnFault counts a check that gave none.
func (s Scheduler) OwnFault(cause string) { s.m.ownFaults.WithLabelValues(cause).Inc() }

// Skipped counts slots that passed without a check.
func (s Scheduler) Skipped(cause string, slots int) {
	s.m.skipped.WithLabelValues(cause).Add(float64(slots))
}

// InFlight says how many checks run.
func (s Scheduler) InFlight(n int) { s.m.inFlight.Set(float64(n)) }

// Targets says how many targets there are.
func (s Scheduler) Targets(n int) { s.m.targets.Set(float64(n)) }

// Writer is what the pipeline to one writer reports to.
type Writer struct {
	written, rejected, retries prometheus.Counter
	seconds, batch             prometheus.Observer
}

// Writer returns the part of a writer, by its plugin's name.
func (m *Metrics) Writer(name string) Writer {
	return Writer{
		written: m.written.WithLabelValues(name), rejected: m.rejected.WithLabelValues(name),
		retries: m.retries.WithLabelValues(name),
		seconds: m.writeSeconds.WithLabelValues(name), batch: m.batch.WithLabelValues(name),
	}
}

// Written counts a write that succeeded.
func (w Writer) Written(events int, took time.Duration) {
	w.written.Add(float64(events))
	w.batch.Observe(float64(events))
	w.seconds.Observe(took.Seconds())
}

// Rejected counts events that were refused for good.
func (w Writer) Rejected(events int) { w.rejected.Add(float64(events)) }

// Retried counts a write that was tried again.
func (w Writer) Retried() { w.retries.Inc() }
