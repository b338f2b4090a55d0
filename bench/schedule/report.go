//go:build linux

package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// bin is the time over which the busiest moment is looked for.
const bin = 100 * time.Millisecond

// figures are worked out from the events of a run.
type figures struct {
	checks, down int
	missed       int
	late         []time.Duration // event_time - scheduled_at
	inexact      []time.Duration // how far two checks of a target are from one interval apart
	busiest      float64         // share of the checks in the busiest bin of the interval
}

// report prints the figures and is an error if the slots were not kept.
func report(w io.Writer, p plan, full, small *outcome) error {
	f := work(p, full.checks)
	perTarget := float64(full.memory-small.memory) / float64(p.targets)
	fmt.Fprintf(w, "targets                    %d at %v for %v, on %d loopback addresses\n", p.targets, p.interval, p.duration, p.addresses)
	fmt.Fprintf(w, "checks                     %d (%.0f a second), %d of them down\n", f.checks, float64(f.checks)/p.duration.Seconds(), f.down)
	fmt.Fprintf(w, "slots missed               %d\n", f.missed)
	fmt.Fprintf(w, "start after due            p50 %v, p99 %v, most %v\n", percentile(f.late, 50), percentile(f.late, 99), percentile(f.late, 100))
	fmt.Fprintf(w, "interval, off by           p50 %v, p99 %v, most %v\n", percentile(f.inexact, 50), percentile(f.inexact, 99), percentile(f.inexact, 100))
	fmt.Fprintf(w, "busiest %v of interval  %.2f %% of the checks (%.2f %% if perfectly even)\n", bin, 100*f.busiest, 100*bin.Seconds()/p.interval.Seconds())
	fmt.Fprintf(w, "CPU a check                %.1f µs\n", float64((full.cpu-small.cpu).Microseconds())/float64(f.checks))
	fmt.Fprintf(w, "memory                     %.1f MiB at most, %.1f MiB with one target: %.0f bytes a target, checks in flight included\n",
		float64(full.memory)/(1<<20), float64(small.memory)/(1<<20), perTarget)
	var errs []error
	check := func(ok bool, text string) {
		if !ok {
			errs = append(errs, errors.New(text))
		}
	}
	check(f.missed == 0, "slots were missed")
	check(f.down == 0, "targets were called down that were up")
	check(f.busiest < 0.03, "the busiest moment holds 3 % of the checks or more")
	check(percentile(f.inexact, 99) <= 20*time.Millisecond, "intervals are off by more than 20 ms at p99")
	return errors.Join(errs...)
}

// work looks at the checks after the first interval: before it, targets do not wait for their slots.
func work(p plan, checks []check) (f figures) {
	byTarget := map[string][]check{}
	first := checks[0].Began
	for _, c := range checks {
		byTarget[c.Target] = append(byTarget[c.Target], c)
		if c.Began.Before(first) {
			first = c.Began
		}
	}
	bins := make([]int, p.interval/bin)
	counted := 0
	for _, own := range byTarget {
		slices.SortFunc(own, func(a, b check) int { return a.Due.Compare(b.Due) })
		for i, c := range own {
			f.checks++
			f.late = append(f.late, c.Began.Sub(c.Due))
			if !c.Up {
				f.down++
			}
			if c.Began.Sub(first) < p.interval {
				continue
			}
			counted++
			bins[int(c.Began.Sub(first)%p.interval/bin)%len(bins)]++
			if i > 0 && own[i-1].Began.Sub(first) >= p.interval {
				f.inexact = append(f.inexact, (c.Began.Sub(own[i-1].Began) - p.interval).Abs())
			}
		}
		f.missed += missing(p, own, first.Add(p.duration))
	}
	f.missed += (p.targets - len(byTarget)) * int(p.duration/p.interval)
	f.busiest = float64(slices.Max(bins)) / float64(max(counted, 1))
	slices.Sort(f.late)
	slices.Sort(f.inexact)
	return f
}

// missing counts the slots of a target without a check: the gaps, and the end up to a second before the stop. The
// first gap may be up to half an interval longer.
func missing(p plan, own []check, end time.Time) (n int) {
	for i := 1; i < len(own); i++ {
		gap := own[i].Due.Sub(own[i-1].Due)
		if i == 1 {
			gap -= p.interval / 2
		}
		n += int((gap - 1) / p.interval)
	}
	last := own[len(own)-1].Due
	for slot := last.Add(p.interval); slot.Before(end.Add(-time.Second)); slot = slot.Add(p.interval) {
		n++
	}
	return n
}

// percentile of sorted times.
func percentile(sorted []time.Duration, p int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)*p/100, len(sorted)-1)].Round(10 * time.Microsecond)
}
