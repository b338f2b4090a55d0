//go:build linux

package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// writeComparison prints medians of the rounds, and keeps them beside the other tables.
func (b *bench) writeComparison(s scenario, all []*contestant) error {
	var t strings.Builder
	t.WriteString("| program | checks/s | CPU a check | × bare | memory | reported p50, p99 | the targets' own p50, p99 | off by | false outages |\n")
	t.WriteString("|---|---|---|---|---|---|---|---|---|\n")
	for _, c := range all {
		if len(c.rounds) > 0 {
			fmt.Fprintf(&t, "| %s | %s |\n", strings.TrimSpace(c.name+" "+c.version), strings.ReplaceAll(c.String(), "; ", " | "))
		}
	}
	fmt.Print("\n", t.String(), "\n")
	return os.WriteFile(filepath.Join(b.out, s.name+".md"), []byte(t.String()), 0o644) //nolint:gosec // to be read by anybody
}

// String is the medians of the rounds so far.
func (c *contestant) String() string {
	text := fmt.Sprintf("%.0f; %.1f µs; %.2f; %d MiB; ", middle(c, func(r compared) float64 { return r.rate }),
		micros(middle(c, func(r compared) time.Duration { return r.cpu })), middle(c, func(r compared) float64 { return r.ratio }),
		middle(c, func(r compared) int64 { return r.memory })>>20)
	down := fmt.Sprintf("%d of %d", middle(c, func(r compared) int { return r.said.down }), middle(c, func(r compared) int { return r.said.checks }))
	last := c.rounds[len(c.rounds)-1]
	if len(last.said.took) == 0 {
		return text + "–; –; –; " + down
	}
	var reported, own, off []string
	for _, p := range []float64{50, 99} {
		atMost := ""
		if last.said.least {
			atMost = "≤ "
		}
		of := func(r compared) time.Duration { return percentile(r.took, p) }
		says := func(r compared) time.Duration { return percentile(r.said.took, p) }
		reported = append(reported, atMost+middle(c, says).String())
		own = append(own, middle(c, of).String())
		off = append(off, atMost+middle(c, func(r compared) time.Duration { return says(r) - of(r) }).String())
	}
	return text + strings.Join(reported, ", ") + "; " + strings.Join(own, ", ") + "; " + strings.Join(off, ", ") + "; " + down
}

// middle is the median of what the rounds of a program gave.
func middle[T cmp.Ordered](c *contestant, of func(compared) T) T {
	var all []T
	for _, r := range c.rounds {
		all = append(all, of(r))
	}
	slices.Sort(all)
	return all[len(all)/2]
}
