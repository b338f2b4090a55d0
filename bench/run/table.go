//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// summarise writes the tables and the charts of all scenarios.
func summarise(folder string, rows []row) error {
	if len(rows) == 0 {
		return nil
	}
	text := checksTable(rows) + detourTable(rows)
	fmt.Print("\n", text)
	cpu, late, wrong, way := charts(rows)
	return errors.Join(
		os.WriteFile(filepath.Join(folder, "table.md"), []byte(text), 0o644), //nolint:gosec // to be read by anybody
		cpu.write(filepath.Join(folder, "cpu.svg")),
		late.write(filepath.Join(folder, "late.svg")),
		wrong.write(filepath.Join(folder, "off.svg")),
		way.write(filepath.Join(folder, "way.svg")))
}

// checksTable is a line for each scenario that checks.
func checksTable(rows []row) string {
	var b strings.Builder
	for _, r := range rows {
		all := r.results
		if r.scenario.sink == fromFullTopic {
			continue
		}
		if b.Len() == 0 {
			b.WriteString("| scenario | checks/s | CPU a check: bare, uptimer | ratio | memory | started late p50, p99, p99.9 | time off by p50, p99, p99.9 | missed | false outages | own faults | |\n")
			b.WriteString("|---|---|---|---|---|---|---|---|---|---|---|\n")
		}
		m := summaryOf(all)
		bare, ratio := beside(all, m)
		wrong := "–"
		if len(all[0].findings.wrong) > 0 {
			wrong = times(spread(all, func(r result) []time.Duration { return r.findings.wrong }))
		}
		fmt.Fprintf(&b, "| `%s`: %s | %.0f | %s, %.1f µs | %s | %d MiB%s | %s | %s | %d | %d | %.0f | %s |\n", r.scenario.name, r.scenario.says,
			m.rate, bare, micros(median(all, func(r result) time.Duration { return r.uptimer.each() })), ratio, m.memory>>20, furtherText(m.further),
			times(spread(all, func(r result) []time.Duration { return r.findings.late })), wrong, m.missed, m.outages, m.ownFaults, r.verdict())
	}
	return b.String()
}

// beside is what the bare clients take, and the ratios to them.
func beside(all []result, m summary) (bare, ratio string) {
	if m.ratio == 0 {
		return "–", "–"
	}
	bare = fmt.Sprintf("%.1f", micros(median(all, func(r result) time.Duration { return r.bare.each() })))
	ratio = fmt.Sprintf("%.2f", m.ratio)
	if m.dialed > 0 {
		bare += fmt.Sprintf(" (a socket each: %.1f)", micros(median(all, func(r result) time.Duration { return r.dialed.each() })))
		ratio += fmt.Sprintf(" (%.2f)", m.dialed)
	}
	return bare, ratio
}

// verdict is whether all bounds were kept.
func (r row) verdict() string {
	broken := r.scenario.broken(r.results)
	if len(broken) == 0 {
		return "PASS"
	}
	return "**FAIL**: " + strings.Join(broken, "; ")
}

// detourTable is a line for each scenario whose events went over Kafka: of the round with the median rate.
func detourTable(rows []row) string {
	var b strings.Builder
	for _, r := range rows {
		d := typical(r.results)
		if d == nil {
			continue
		}
		if b.Len() == 0 {
			b.WriteString("\n| scenario | events/s | lost | behind p50, most | check to row p50, p99 | bytes a row | CPU µs an event, and of the machine | |\n")
			b.WriteString("|---|---|---|---|---|---|---|---|\n")
		}
		behind, took, bytes := "–", "–", "–"
		if len(d.behind) > 0 {
			sorted := slices.Sorted(slices.Values(d.behind))
			behind = fmt.Sprintf("%d, %d", sorted[len(sorted)/2], sorted[len(sorted)-1])
		}
		if len(d.took) > 0 {
			took = times([]time.Duration{percentile(d.took, 50), percentile(d.took, 99)})
		}
		if d.bytes > 0 {
			bytes = fmt.Sprintf("%.0f", d.bytes)
		}
		fmt.Fprintf(&b, "| `%s`: %s | %.0f | %d of %d | %s | %s | %s | %s | %s |\n", r.scenario.name, r.scenario.says, d.rate,
			worst(r.results, func(r result) int { return r.detour.lost() }), d.onTopic, behind, took, bytes, d.shares.text(d.events), r.verdict())
	}
	return b.String()
}

// typical is the detour with the median rate, nil if none was gone.
func typical(results []result) *detour {
	rate := median(results, result.rate)
	i := slices.IndexFunc(results, func(r result) bool { return r.detour != nil && r.detour.rate == rate })
	if i < 0 {
		return nil
	}
	return results[i].detour
}

// charts are the pictures of the tables.
func charts(rows []row) (cpu, late, wrong, way chart) {
	cpu = chart{title: "CPU time a check", unit: "µs", series: []string{"bare client", "uptimer"}}
	late = chart{title: "Checks started late", unit: "ms", series: []string{"p50", "p99", "p99.9"}}
	wrong = chart{title: "Reported time, off by", unit: "ms", series: []string{"p50", "p99", "p99.9"}}
	way = chart{title: "CPU time an event on its way through Kafka", unit: "µs", series: []string{"each process"}}
	for _, r := range rows {
		s, all := r.scenario, r.results
		ours := micros(median(all, func(r result) time.Duration { return r.uptimer.each() }))
		if all[0].bare.checks > 0 {
			cpu.groups = append(cpu.groups, group{s.name, []float64{micros(median(all, func(r result) time.Duration { return r.bare.each() })), ours}})
		}
		if all[0].findings.checks > 0 {
			late.groups = append(late.groups, group{s.name, milliseconds(spread(all, func(r result) []time.Duration { return r.findings.late }))})
		}
		if len(all[0].findings.wrong) > 0 {
			wrong.groups = append(wrong.groups, group{s.name, milliseconds(spread(all, func(r result) []time.Duration { return r.findings.wrong }))})
		}
		if d := typical(all); d != nil {
			for i, each := range d.shares.each(d.events) {
				way.groups = append(way.groups, group{s.name + ": " + d.shares.names[i], []float64{each}})
			}
		}
	}
	return cpu, late, wrong, way
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
