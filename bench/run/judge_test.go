//go:build linux

package main

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// good is a round that keeps all bounds of strict.
func good() result {
	return result{
		bare:    cost{checks: 1000, cpu: 40 * time.Millisecond, window: time.Second},
		uptimer: cost{checks: 1000, cpu: 48 * time.Millisecond, window: time.Second, usage: usage{most: 100 << 20}},
		first:   time.Second, counters: map[string]float64{"uptimer_own_faults_total": 1},
		findings: findings{
			checks: 1000, fair: 1, busiest: 1.5, late: []time.Duration{time.Millisecond},
			wrong: []time.Duration{time.Millisecond}, inexact: []time.Duration{time.Millisecond},
		},
		detour: &detour{checks: 1000, acknowledged: 1000, onTopic: 1000, stored: 1000, rate: 1000, behind: []int{1900, 2000, 2800}},
	}
}

var strict = scenario{name: "strict", bounds: bounds{
	ratio: 1.3, late: 50 * time.Millisecond, error: 2 * time.Millisecond, exact: 20 * time.Millisecond, even: 3, rate: 1000,
	memory: 100 << 20, first: 2 * time.Second, ownFaults: true, fair: 0.5, keepsUp: true,
}}

// If this failed, a promise that is broken would be printed as PASS.
func TestWhatIsNotKeptFails(t *testing.T) {
	if broken := strict.broken([]result{good(), good(), good()}); broken != nil {
		t.Fatalf("good rounds: %q", broken)
	}
	for want, spoil := range map[string]func(*result){
		"a check takes 1.50 times the CPU of a bare client's, want at most 1.30":             func(r *result) { r.uptimer.cpu = 60 * time.Millisecond },
		"checks start 60ms late at p99, want at most 50ms":                                   func(r *result) { r.findings.late = []time.Duration{60 * time.Millisecond} },
		"times are 3ms off at p99, want at most 2ms":                                         func(r *result) { r.findings.wrong = []time.Duration{3 * time.Millisecond} },
		"intervals are off by 30ms at p99, want at most 20ms":                                func(r *result) { r.findings.inexact = []time.Duration{30 * time.Millisecond} },
		"the busiest moment holds 3.5 times its share of the checks, want at most 3.0":       func(r *result) { r.findings.busiest = 3.5 },
		"999 a second, want 1000":                                                            func(r *result) { r.detour.rate = 999 },
		"101 MiB of memory, want at most 100":                                                func(r *result) { r.uptimer.usage.most = 101 << 20 },
		"the first event came after 3s, want 2s":                                             func(r *result) { r.first = 3 * time.Second },
		"no check was counted as spoilt by ourselves":                                        func(r *result) { r.counters = nil },
		"the least checked target was checked 0.40 times as often as the average, want 0.50": func(r *result) { r.findings.fair = 0.4 },
		"5 checks of the bare client failed: there is nothing to compare with":               func(r *result) { r.bare.failed = 5 },
		"7 slots were missed":                                                                func(r *result) { r.findings.missed = 7 },
		"the consumer is more and more behind: by 100 events":                                func(r *result) { r.detour.behind[2] = 3000 },
	} {
		spoilt := []result{good(), good(), good()}
		spoil(&spoilt[0])
		if broken := strict.broken(spoilt); broken != nil {
			t.Errorf("%s in one of three rounds: %q, want nothing", want, broken)
		}
		spoil(&spoilt[2])
		if broken := strict.broken(spoilt); len(broken) != 1 || broken[0] != want {
			t.Errorf("got %q, want %s", broken, want)
		}
		if v := (row{strict, spoilt}).verdict(); v != "**FAIL**: "+want {
			t.Errorf("got %s", v)
		}
	}
}

// If this failed, an outage that was none, or a lost event, would be forgiven because it did not happen in each round.
func TestWhatMustNeverBeFailsOnce(t *testing.T) {
	for want, spoil := range map[string]func(*result){
		"1 checks called a target down that is up": func(r *result) { r.findings.outages = 1 },
		"1 events are missing or too much":         func(r *result) { r.detour.stored-- },
		"2 events are missing or too much":         func(r *result) { r.detour.onTopic += 2 },
		"3 events are missing or too much":         func(r *result) { r.detour.acknowledged -= 3 },
		"4 events are missing or too much":         func(r *result) { r.detour.checks -= 4 },
	} {
		rounds := []result{good(), good(), good()}
		spoil(&rounds[1])
		if broken := strict.broken(rounds); !slices.Contains(broken, want) {
			t.Errorf("got %q, want %s", broken, want)
		}
	}
}

// If this failed, rounds on a machine whose speed changes would be compared across rounds.
func TestTheRatioIsTheMedianOfTheRoundsRatios(t *testing.T) {
	rounds := []result{good(), good(), good()}
	rounds[0].bare.cpu, rounds[0].uptimer.cpu = 80*time.Millisecond, 88*time.Millisecond // 1.1 of a slow machine
	rounds[1].bare.cpu, rounds[1].uptimer.cpu = 20*time.Millisecond, 40*time.Millisecond // 2 of a fast one
	if m := summaryOf(rounds); m.ratio != 1.2 {
		t.Errorf("got %v, want 1.2", m.ratio)
	}
}

// If this failed, a herd of checks, or intervals that are not kept, would be called even and exact.
func TestTheRhythmIsLookedAt(t *testing.T) {
	s := small
	s.rate = 1000
	even, _ := perfect(s, whole)
	for i := range even { // a check each millisecond of the interval
		even[i].began = even[i].due
	}
	if f := look(s, even, nil, whole); f.busiest < 0.99 || f.busiest > 1.01 || percentile(f.inexact, 100) != 0 {
		t.Errorf("even: %+v", f.busiest)
	}
	herd := slices.Clone(even)
	for i := range herd {
		herd[i].began -= herd[i].began % int64(100*time.Millisecond)
	}
	if f := look(s, herd, nil, whole); f.busiest < 9.9 {
		t.Errorf("a herd each 100 ms: the busiest moment holds %.1f times its share", f.busiest)
	}
	for i := range even {
		if even[i].due/int64(s.interval)%2 == 0 {
			even[i].began += int64(30 * time.Millisecond)
		}
	}
	if f := look(s, even, nil, whole); percentile(f.inexact, 50) != 30*time.Millisecond {
		t.Errorf("intervals off by %v, want 30ms", percentile(f.inexact, 50))
	}
}

// If this failed, the tables would leave out a scenario, or show a failed one as good.
func TestTheTables(t *testing.T) {
	one, other := good(), good()
	other.detour, other.dialed = nil, cost{checks: 1000, cpu: 96 * time.Millisecond}
	rows := []row{{strict, []result{one}}, {scenario{name: "plain"}, []result{other}}, {scenario{name: "drained", sink: fromFullTopic}, []result{one}}}
	checks, way := checksTable(rows), detourTable(rows)
	for text, want := range map[string]string{
		checks: "| `plain`:  | 1000 | 40.0 (a socket each: 96.0), 48.0 µs | 1.20 (0.50) | 100 MiB |",
		way:    "| `drained`:  | 1000 | 0 of 1000 | 2000, 2800 |",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	if strings.Contains(checks, "drained") || strings.Contains(way, "plain") || strings.Count(checks+way, "PASS") != 4 {
		t.Errorf("got\n%s%s", checks, way)
	}
}

// If this failed, a lower rate would be called the highest, or one that did not hold.
func TestTheHighestRateIsFound(t *testing.T) {
	s := scenario{rate: 10_000, climb: 2000}
	for bound, want := range map[int]int{17_000: 16_000, 10_000: 10_000, 9000: 10_000} {
		held, err := s.highest(func(rate int) (bool, error) { return rate <= bound, nil })
		if held != want || err != nil {
			t.Errorf("with %d as the most: got %d, %v, want %d", bound, held, err, want)
		}
	}
}
