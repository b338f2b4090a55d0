//go:build linux

package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/uptimer/uptimer/internal/unhurried"
)

func TestMain(m *testing.M) { unhurried.Main(m) }

// perfect is what a program that keeps every slot to the nanosecond would write: each target starts at once, leaves
// out a slot that is nearer than half an interval, and stops with the plan.
func perfect(p plan) (checks []check) {
	began := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for i := range p.targets {
		at := began.Add(time.Duration(i) * time.Millisecond / 2)
		next := began.Add(p.interval * time.Duration(i) / time.Duration(p.targets))
		for next.Sub(at) < p.interval/2 {
			next = next.Add(p.interval)
		}
		for ; at.Before(began.Add(p.duration)); at, next = next, next.Add(p.interval) {
			checks = append(checks, check{Target: fmt.Sprint(i), Due: at, Began: at, Up: true})
		}
	}
	return checks
}

// If this failed, what is measured at a short or an odd interval would be a panic, or called a failure though
// nothing was missed. (Seen with bins of 100 ms at 50 ms, and with a bound of 3 % at 2 s.)
func TestPerfectRunsAreGood(t *testing.T) {
	for _, interval := range []time.Duration{shortest, 50 * time.Millisecond, 333 * time.Millisecond, 2 * time.Second, 2050 * time.Millisecond, 10 * time.Second, time.Minute} {
		p := plan{targets: 400, interval: interval, duration: max(fewest*interval, aside+interval), addresses: 1}
		if err := p.check(); err != nil {
			t.Fatal(err)
		}
		f := work(p, perfect(p))
		if errs := f.broken(p); errs != nil || f.checks == 0 {
			t.Errorf("%v: %v of %d checks; busiest %.4f", interval, errs, f.checks, f.busiest)
		}
	}
}

// If this failed, a run that missed a slot would be called good.
func TestAMissingSlotIsFound(t *testing.T) {
	p := plan{targets: 100, interval: 10 * time.Second, duration: time.Minute}
	all := perfect(p)
	slices.SortStableFunc(all, func(a, b check) int { return a.Due.Compare(b.Due) })
	end := all[0].Due.Add(p.duration - aside)
	found := 0
	for i, c := range all {
		if !c.Due.Before(end) || i < p.targets { // the last second, and the checks of the start, are no slots
			continue
		}
		f := work(p, slices.Delete(slices.Clone(all), i, i+1))
		if f.missed != 1 {
			t.Fatalf("without the check of target %s at %v, %d slots are missed, want 1", c.Target, c.Due, f.missed)
		}
		found++
	}
	if found < 4*p.targets {
		t.Errorf("only %d slots were looked at", found)
	}
	gone := slices.DeleteFunc(slices.Clone(all), func(c check) bool { return c.Target == "7" })
	if f := work(p, gone); f.missed != 6 {
		t.Errorf("without a target, %d slots are missed, want 6", f.missed)
	}
}

// If this failed, a herd, late starts or false alarms would be called good.
func TestBrokenPromisesAreFound(t *testing.T) {
	p := plan{targets: 1000, interval: 2 * time.Second, duration: 20 * time.Second}
	for want, spoil := range map[string]func(*check){
		"200 times a target was called down that was up": func(c *check) {
			c.Up = c.Due.Second() != 7 || c.Due.Nanosecond() >= 4e8
		},
		"the busiest 100ms of the interval hold 20.00 % of the checks, want less than 15.00 %": func(c *check) {
			if phase := c.Began.Sub(c.Began.Truncate(p.interval)); phase < 400*time.Millisecond {
				c.Began = c.Began.Add(-phase)
			}
		},
		"intervals are off by 30ms at p99, want at most 20ms": func(c *check) {
			if c.Due.Second()/2%2 == 0 {
				c.Began = c.Began.Add(30 * time.Millisecond)
			}
		},
	} {
		checks := perfect(p)
		for i := range checks {
			spoil(&checks[i])
		}
		var got []string
		for _, err := range work(p, checks).broken(p) {
			got = append(got, err.Error())
		}
		if !slices.Contains(got, want) {
			t.Errorf("got  %q\nwant %s", got, want)
		}
	}
}

// If this failed, a slip in a flag would be a panic or a measurement of nothing.
func TestWrongFlags(t *testing.T) {
	for _, test := range []struct {
		plan plan
		want string
	}{
		{plan{targets: 0, interval: time.Second, duration: time.Minute, addresses: 1}, "schedule: -targets=0: want at least 1"},
		{plan{targets: 1, interval: 0, duration: time.Minute, addresses: 1}, "schedule: -interval=0s: want at least 10ms"},
		{plan{targets: 1, interval: 10 * time.Second, duration: 20 * time.Second, addresses: 1}, "schedule: -duration=20s: want at least 30s with an interval of 10s"},
		{plan{targets: 1, interval: 50 * time.Millisecond, duration: time.Second, addresses: 1}, "schedule: -duration=1s: want at least 1.05s with an interval of 50ms"},
		{plan{targets: -1, interval: -1, duration: 0, addresses: 64001}, "schedule: -targets=-1: want at least 1\nschedule: -interval=-1ns: want at least 10ms\nschedule: -addresses=64001: want 1 to 64000"},
	} {
		if err := test.plan.check(); err == nil || err.Error() != test.want {
			t.Errorf("got  %v\nwant %s", err, test.want)
		}
	}
	if err := noMore([]string{"10s"}); err == nil || err.Error() != `schedule: "10s": want flags only` {
		t.Errorf("got %v", err)
	}
}

// If this failed, a program that wrote nothing would end the measurement with a panic.
func TestNoEvents(t *testing.T) {
	p := plan{targets: 1, interval: time.Second, duration: time.Minute}
	var shown strings.Builder
	if err := report(&shown, p, &outcome{}, &outcome{}); err == nil || err.Error() != "uptimer wrote no event" {
		t.Errorf("got %v and %q", err, shown.String())
	}
}
