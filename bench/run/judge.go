//go:build linux

package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// bounds are what must hold; zero: anything. Medians of the rounds count, but for false outages and lost events, of
// which there must be none in any.
type bounds struct {
	ratio float64       // of CPU time a check to that of the bare client
	late  time.Duration // p99 of the start, from the second interval on
	error time.Duration // p99 of the reported time, unless the target's own lateness is half of that or more
	exact time.Duration // p99 of how far two checks of a target are from one interval apart
	even  float64       // the busiest moment of the interval holds at most so many times its share of the checks
	rate  float64       // least checks or events a second

	missed    bool          // slots may be missed: more is asked than can be done
	memory    int64         // most resident bytes
	further   int64         // most bytes of them for each further target; zero: that is not measured
	first     time.Duration // from the start to the first event
	ownFaults bool          // there must be some: checks that the disturbance has spoilt
	fair      float64       // a target is checked at least so often as this part of the average
	keepsUp   bool          // the consumer is not more and more behind
}

// broken says, a line each, which bounds were not kept.
func (s scenario) broken(results []result) (list []string) {
	check := func(ok bool, text string, args ...any) {
		if !ok {
			list = append(list, fmt.Sprintf(text, args...))
		}
	}
	b := s.bounds
	m := summaryOf(results)
	wrong := max(b.error, 2*m.farmLate)
	check(m.outages == 0, "%d checks called a target down that is up", m.outages)
	check(m.missed == 0 || b.missed, "%d slots were missed", m.missed)
	check(m.bareFailed == 0, "%d checks of the bare client failed: there is nothing to compare with", m.bareFailed)
	check(b.ratio == 0 || m.ratio <= b.ratio, "a check takes %.2f times the CPU of a bare client's, want at most %.2f", m.ratio, b.ratio)
	check(b.late == 0 || m.late <= b.late, "checks start %v late at p99, want at most %v", m.late, b.late)
	check(b.error == 0 || m.wrong <= wrong, "times are %v off at p99, want at most %v", m.wrong, wrong)
	check(b.exact == 0 || m.inexact <= b.exact, "intervals are off by %v at p99, want at most %v", m.inexact, b.exact)
	check(b.even == 0 || m.busiest <= b.even, "the busiest moment holds %.1f times its share of the checks, want at most %.1f", m.busiest, b.even)
	check(m.rate >= b.rate, "%.0f a second, want %.0f", m.rate, b.rate)
	check(b.memory == 0 || m.memory <= b.memory, "%d MiB of memory, want at most %d", m.memory>>20, b.memory>>20)
	for i, bytes := range m.further {
		check(bytes <= b.further, "each further target of %s takes %d bytes, want at most %d", furtherKinds[i], bytes, b.further)
	}
	check(b.first == 0 || m.first <= b.first, "the first event came after %v, want %v", m.first, b.first)
	check(!b.ownFaults || m.ownFaults > 0, "no check was counted as spoilt by ourselves")
	check(m.fair >= b.fair, "the least checked target was checked %.2f times as often as the average, want %.2f", m.fair, b.fair)
	check(m.lost == 0, "%d events are missing or too much", m.lost)
	check(!b.keepsUp || m.growth <= 0, "the consumer is more and more behind: by %d events", m.growth)
	return list
}

// summary is what the rounds of a scenario came to.
type summary struct {
	ratio, dialed, rate, fair, busiest, ownFaults float64
	late, wrong, farmLate, inexact, first         time.Duration
	missed, outages, lost, growth, bareFailed     int
	memory                                        int64
	further                                       []int64
}

func summaryOf(all []result) summary {
	p99 := func(of func(findings) []time.Duration) time.Duration {
		return median(all, func(r result) time.Duration { return percentile(of(r.findings), 99) })
	}
	return summary{
		ratio:     median(all, result.ratio),
		dialed:    median(all, result.dialedRatio),
		rate:      median(all, result.rate),
		fair:      median(all, func(r result) float64 { return r.findings.fair }),
		busiest:   median(all, func(r result) float64 { return r.findings.busiest }),
		ownFaults: median(all, func(r result) float64 { return r.counters["uptimer_own_faults_total"] }),
		late:      p99(func(f findings) []time.Duration { return f.late }),
		wrong:     p99(func(f findings) []time.Duration { return f.wrong }),
		farmLate:  p99(func(f findings) []time.Duration { return f.farmLate }),
		inexact:   p99(func(f findings) []time.Duration { return f.inexact }),
		first:     median(all, func(r result) time.Duration { return r.first }),
		missed:    median(all, func(r result) int { return r.findings.missed }),
		outages:   worst(all, func(r result) int { return r.findings.outages }),
		lost:      worst(all, func(r result) int { return r.detour.lost() }),
		growth:    median(all, result.growth),
		memory:    median(all, func(r result) int64 { return r.uptimer.usage.most }),
		further:   furtherOf(all),

		bareFailed: median(all, func(r result) int { return r.bare.failed }),
	}
}

// ratio is how much more CPU time a check takes than one of the bare client; 0 without one.
func (r result) ratio() float64 { return r.uptimer.over(r.bare) }

// dialedRatio is the same for the second bare client; 0 too if more than 1 % of its checks failed, for which it may lack the permission.
func (r result) dialedRatio() float64 {
	if r.dialed.failed > r.dialed.checks/100 {
		return 0
	}
	return r.uptimer.over(r.dialed)
}

func (c cost) over(bare cost) float64 {
	if bare.checks == 0 {
		return 0
	}
	return float64(c.each()) / float64(max(bare.each(), 1))
}

// rate is checks a second, or events that were stored.
func (r result) rate() float64 {
	if r.detour != nil {
		return r.detour.rate
	}
	return r.uptimer.rate()
}

// growth is how many events more than allowed a consumer was behind at the end than at the begin: by the medians of the
// last and the first third of the window, and a second's events are allowed. A consumer that keeps up is always behind
// by what its page waits for, which is more or less by chance.
func (r result) growth() int {
	if r.detour == nil || len(r.detour.behind) < 3 {
		return 0
	}
	third := len(r.detour.behind) / 3
	first, last := slices.Clone(r.detour.behind[:third]), slices.Clone(r.detour.behind[2*third:])
	slices.Sort(first)
	slices.Sort(last)
	return last[len(last)/2] - first[len(first)/2] - int(r.detour.rate)
}

// row is what a scenario came to.
type row struct {
	scenario scenario
	results  []result
}

// report prints medians, and is an error if a bound was not kept.
func (r row) report(w io.Writer) error {
	m := summaryOf(r.results)
	fmt.Fprintf(w, "  median: ratio %.2f, %.0f a second, %d missed, %d false outages, late p99 %v, error p99 %v\n", m.ratio, m.rate, m.missed, m.outages, m.late, m.wrong)
	var errs []error
	for _, text := range r.scenario.broken(r.results) {
		errs = append(errs, fmt.Errorf("scenario %s: %s", r.scenario.name, text))
	}
	return errors.Join(errs...)
}
