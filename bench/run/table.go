//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// row is what a scenario came to: medians of its rounds.
type row struct {
	scenario scenario
	results  []result
}

// summarise writes the table and the charts of all scenarios.
func summarise(folder string, rows []row) error {
	if len(rows) == 0 {
		return nil
	}
	var b strings.Builder
	b.WriteString("| scenario | checks/s | CPU a check: bare, uptimer | ratio | memory | started late p50, p99, p99.9 | time off by p50, p99, p99.9 | missed | false outages | own faults |\n")
	b.WriteString("|---|---|---|---|---|---|---|---|---|---|\n")
	cpu := chart{title: "CPU time a check", unit: "µs", series: []string{"bare client", "uptimer"}}
	late := chart{title: "Checks started late", unit: "ms", series: []string{"p50", "p99", "p99.9"}}
	wrong := chart{title: "Reported time, off by", unit: "ms", series: []string{"p50", "p99", "p99.9"}}
	for _, r := range rows {
		s, all := r.scenario, r.results
		lates := spread(all, func(r result) []time.Duration { return r.findings.late })
		wrongs := spread(all, func(r result) []time.Duration { return r.findings.wrong })
		ours := micros(median(all, func(r result) time.Duration { return r.uptimer.each() }))
		compared, ratio := "–", "–"
		if !s.alone {
			bare := micros(median(all, func(r result) time.Duration { return r.bare.each() }))
			compared, ratio = fmt.Sprintf("%.1f", bare), fmt.Sprintf("%.2f", median(all, result.ratio))
			cpu.groups = append(cpu.groups, group{s.name, []float64{bare, ours}})
		}
		fmt.Fprintf(&b, "| %s | %.0f | %s, %.1f µs | %s | %d MiB | %s | %s | %d | %d | %.0f |\n", s.name,
			median(all, func(r result) float64 { return r.uptimer.rate() }), compared, ours, ratio,
			median(all, func(r result) int64 { return r.uptimer.usage.most })>>20, times(lates), times(wrongs),
			median(all, func(r result) int { return r.findings.missed }), median(all, func(r result) int { return r.findings.outages }),
			median(all, func(r result) float64 { return r.counters["uptimer_own_faults_total"] }))
		late.groups = append(late.groups, group{s.name, milliseconds(lates)})
		if len(all[0].findings.wrong) > 0 {
			wrong.groups = append(wrong.groups, group{s.name, milliseconds(wrongs)})
		}
	}
	fmt.Print("\n", b.String())
	return errors.Join(
		os.WriteFile(filepath.Join(folder, "table.md"), []byte(b.String()), 0o644), //nolint:gosec // to be read by anybody
		cpu.write(filepath.Join(folder, "cpu.svg")),
		late.write(filepath.Join(folder, "late.svg")),
		wrong.write(filepath.Join(folder, "off.svg")))
}

// spread is the median over the rounds of three percentiles.
func spread(all []result, of func(result) []time.Duration) (list []time.Duration) {
	for _, p := range []float64{50, 99, 99.9} {
		list = append(list, median(all, func(r result) time.Duration { return percentile(of(r), p) }))
	}
	return list
}

func times(list []time.Duration) string {
	var texts []string
	for _, d := range list {
		texts = append(texts, d.String())
	}
	return strings.Join(texts, ", ")
}

func milliseconds(list []time.Duration) (values []float64) {
	for _, d := range list {
		values = append(values, float64(d)/float64(time.Millisecond))
	}
	return values
}
