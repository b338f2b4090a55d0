//go:build linux

package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/uptimer/uptimer/bench/field"
)

// judge works out what the events of a round say.
func (r *result) judge(s scenario, events []seen, records []field.Record, w window) {
	if s.kind == "icmp" || s.kind == "tcp" { // the kernel answers, before the field knows
		records = nil
	}
	r.findings = look(s, events, records, w)
	r.uptimer.failed = r.findings.outages
}

// String is a round on one line.
func (r result) String() string {
	f := r.findings
	text := ""
	if r.bare.checks > 0 {
		text = fmt.Sprintf("bare %.1f µs (%.0f/s, %d failed), ratio %.2f; ", micros(r.bare.each()), r.bare.rate(), r.bare.failed, r.ratio())
	}
	if r.dialed.checks > 0 {
		text += fmt.Sprintf("dialed %.1f µs (%.0f/s, %d failed), ratio %.2f; ", micros(r.dialed.each()), r.dialed.rate(), r.dialed.failed, r.dialedRatio())
	}
	text += fmt.Sprintf("uptimer %.1f µs (%.0f/s), %d MiB", micros(r.uptimer.each()), r.uptimer.rate(), r.uptimer.usage.most>>20)
	text += furtherText(r.further)
	if f.checks > 0 {
		text += fmt.Sprintf(", missed %d, outages %d %v, late p99 %v, error p50 %v p99 %v p99.9 %v (farm late p99 %v, %d unmatched)",
			f.missed, f.outages, f.reasons, percentile(f.late, 99), percentile(f.wrong, 50), percentile(f.wrong, 99), percentile(f.wrong, 99.9),
			percentile(f.farmLate, 99), f.unmatched)
		text += fmt.Sprintf(", first event after %v, own faults %.0f, skipped %.0f, fairness %.2f, intervals off by p99 %v, busiest moment %.1f times its share",
			r.first.Round(time.Millisecond), r.counters["uptimer_own_faults_total"], r.counters["uptimer_slots_skipped_total"], f.fair,
			percentile(f.inexact, 99), f.busiest)
	}
	if r.detour != nil {
		text += "; " + r.detour.String()
	}
	return text
}

// String is what a detour came to.
func (d *detour) String() string {
	text := fmt.Sprintf("%.0f events/s, %d checks, %d acknowledged, %d on the topic, %d stored", d.rate, d.checks, d.acknowledged, d.onTopic, d.stored)
	if len(d.behind) > 0 {
		text += fmt.Sprintf("; behind at most %d", slices.Max(d.behind))
	}
	if len(d.took) > 0 {
		text += fmt.Sprintf("; from check to row p50 %v p99 %v", percentile(d.took, 50), percentile(d.took, 99))
	}
	if d.bytes > 0 {
		text += fmt.Sprintf("; %.0f bytes a row", d.bytes)
	}
	return text + "; " + d.shares.text(d.events)
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
