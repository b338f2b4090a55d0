//go:build linux

package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// aside is how long before the stop a slot counts no more: its check may have been broken off.
const aside = time.Second

// bin is the time over which the busiest moment is looked for: 100 ms, or a tenth of an interval below 1 s.
func (p plan) bin() time.Duration { return min(100*time.Millisecond, p.interval/10) }

// even is the share of the checks that a bin holds if they are spread perfectly.
func (p plan) even() float64 { return float64(p.bin()) / float64(p.interval) }

// mostBusy is the share of the checks that the busiest bin must not reach: three times as many as if perfectly even,
// and no less than 3 %, which is the same at an interval of 10 s.
func (p plan) mostBusy() float64 { return max(0.03, 3*p.even()) }

// judgeable tells whether there are so many targets that chance alone does not make a bin that busy: 10 a bin.
func (p plan) judgeable() bool { return float64(p.targets)*p.even() >= 10 }

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
	if len(full.checks) == 0 {
		return errors.New("uptimer wrote no event")
	}
	f := work(p, full.checks)
	perTarget := float64(full.memory-small.memory) / float64(p.targets)
	fmt.Fprintf(w, "targets                    %d at %v for %v, on %d loopback addresses\n", p.targets, p.interval, p.duration, p.addresses)
	fmt.Fprintf(w, "checks                     %d (%.0f a second), %d of them down\n", f.checks, float64(f.checks)/p.duration.Seconds(), f.down)
	fmt.Fprintf(w, "slots missed               %d\n", f.missed)
	fmt.Fprintf(w, "start after due            p50 %v, p99 %v, most %v\n", percentile(f.late, 50), percentile(f.late, 99), percentile(f.late, 100))
	fmt.Fprintf(w, "interval, off by           p50 %v, p99 %v, most %v\n", percentile(f.inexact, 50), percentile(f.inexact, 99), percentile(f.inexact, 100))
	fmt.Fprintf(w, "busiest %-8v           %.2f %% of the checks (%.2f %% if perfectly even, %.2f %% is too much)\n",
		p.bin(), 100*f.busiest, 100*p.even(), 100*p.mostBusy())
	fmt.Fprintf(w, "CPU a check                %.1f µs\n", float64((full.cpu-small.cpu).Microseconds())/float64(f.checks))
	fmt.Fprintf(w, "memory                     %.1f MiB at most, %.1f MiB with one target: %.0f bytes a target, checks in flight included\n",
		float64(full.memory)/(1<<20), float64(small.memory)/(1<<20), perTarget)
	return errors.Join(f.broken(p)...)
}

// broken are the promises that were not kept.
func (f figures) broken(p plan) (errs []error) {
	check := func(ok bool, text string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(text, args...))
		}
	}
	check(f.missed == 0, "%d slots were missed", f.missed)
	check(f.down == 0, "%d times a target was called down that was up", f.down)
	check(!p.judgeable() || f.busiest < p.mostBusy(), "the busiest %v of the interval hold %.2f %% of the checks, want less than %.2f %%",
		p.bin(), 100*f.busiest, 100*p.mostBusy())
	check(percentile(f.inexact, 99) <= 20*time.Millisecond, "intervals are off by %v at p99, want at most 20ms", percentile(f.inexact, 99))
	return errs
}

// work looks at the checks after the first interval: before it, targets do not wait for their slots. There must be a
// check.
func work(p plan, checks []check) (f figures) {
	byTarget := map[string][]check{}
	first := checks[0].Began
	for _, c := range checks {
		byTarget[c.Target] = append(byTarget[c.Target], c)
		if c.Began.Before(first) {
			first = c.Began
		}
	}
	bins := make([]int, (p.interval+p.bin()-1)/p.bin())
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
			bins[c.Began.Sub(first)%p.interval/p.bin()]++
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
	for slot := last.Add(p.interval); slot.Before(end.Add(-aside)); slot = slot.Add(p.interval) {
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
