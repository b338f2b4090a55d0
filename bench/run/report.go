//go:build linux

package main

import (
	"errors"
	"fmt"
	"io"
	"time"
)

// String is a round on one line.
func (r result) String() string {
	f := r.findings
	text := ""
	if r.bare.checks > 0 {
		text = fmt.Sprintf("bare %.1f µs (%.0f/s, %d failed), ratio %.2f; ", micros(r.bare.each()), r.bare.rate(), r.bare.failed, r.ratio())
	}
	text += fmt.Sprintf("uptimer %.1f µs (%.0f/s), missed %d, outages %d %v, late p99 %v, error p50 %v p99 %v p99.9 %v (farm late p99 %v, %d unmatched), %d MiB",
		micros(r.uptimer.each()), r.uptimer.rate(),
		f.missed, f.outages, f.reasons, percentile(f.late, 99), percentile(f.wrong, 50), percentile(f.wrong, 99), percentile(f.wrong, 99.9),
		percentile(f.farmLate, 99), f.unmatched, r.uptimer.usage.most>>20)
	return text + fmt.Sprintf(", first event after %v, own faults %.0f, skipped %.0f, fairness %.2f",
		r.first.Round(time.Millisecond), r.counters["uptimer_own_faults_total"], r.counters["uptimer_slots_skipped_total"], f.fair)
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// ratio is how much more CPU time a check takes than one of the bare client; 0 without one.
func (r result) ratio() float64 {
	if r.bare.checks == 0 {
		return 0
	}
	return float64(r.uptimer.each()) / float64(max(r.bare.each(), 1))
}

// report prints medians, and is an error for each bound that was not kept.
func report(w io.Writer, s scenario, results []result) error {
	ratio := median(results, result.ratio)
	late := median(results, func(r result) time.Duration { return percentile(r.findings.late, 99) })
	wrong := median(results, func(r result) time.Duration { return percentile(r.findings.wrong, 99) })
	farmLate := median(results, func(r result) time.Duration { return percentile(r.findings.farmLate, 99) })
	missed := median(results, func(r result) int { return r.findings.missed })
	outages := median(results, func(r result) int { return r.findings.outages })
	fmt.Fprintf(w, "  median: ratio %.2f, %d missed, %d false outages, late p99 %v, error p99 %v\n", ratio, missed, outages, late, wrong)
	var errs []error
	check := func(ok bool, text string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("scenario %s: "+text, append([]any{s.name}, args...)...))
		}
	}
	memory := median(results, func(r result) int64 { return r.uptimer.usage.most })
	first := median(results, func(r result) time.Duration { return r.first })
	faults := median(results, func(r result) float64 { return r.counters["uptimer_own_faults_total"] })
	fair := median(results, func(r result) float64 { return r.findings.fair })
	b := s.bounds
	check(outages == 0, "%d checks called a target down that is up", outages)
	check(missed == 0 || b.missed, "%d slots were missed", missed)
	check(b.ratio == 0 || ratio <= b.ratio, "a check takes %.2f times the CPU of a bare client's, want at most %.2f", ratio, b.ratio)
	check(b.late == 0 || late <= b.late, "checks start %v late at p99, want at most %v", late, b.late)
	check(b.error == 0 || wrong <= max(b.error, 2*farmLate), "times are %v off at p99, want at most %v", wrong, max(b.error, 2*farmLate))
	check(b.memory == 0 || memory <= b.memory, "%d MiB of memory, want at most %d", memory>>20, b.memory>>20)
	check(b.first == 0 || first <= b.first, "the first event came after %v, want %v", first, b.first)
	check(!b.ownFaults || faults > 0, "no check was counted as spoilt by ourselves")
	check(fair >= b.fair, "the least checked target was checked %.2f times as often as the average, want %.2f", fair, b.fair)
	return errors.Join(errs...)
}
