package probes

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"
)

// machine is a simulated one: a single processor that does one thing after the other, in fake time. It is a lagMeter,
// too: a byte to ourselves would wait behind all that is to be done.
type machine struct {
	mu    sync.Mutex
	free  time.Time // when all is done that is to be done by now
	least time.Duration
	known bool
}

// use does work that takes so long, behind what waits, or fails when ctx ends first.
func (m *machine) use(ctx context.Context, work time.Duration) error {
	m.mu.Lock()
	now := time.Now()
	if m.free.Before(now) {
		m.free = now
	}
	m.free = m.free.Add(work)
	wait := m.free.Sub(now)
	m.mu.Unlock()
	return sleepUntilDone(ctx, wait)
}

func sleepUntilDone(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (m *machine) send() {
	m.mu.Lock()
	defer m.mu.Unlock()
	lag := max(time.Until(m.free), 0)
	if !m.known || lag < m.least {
		m.least, m.known = lag, true
	}
}

func (m *machine) take() time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.known {
		return 0
	}
	m.known = false
	return m.least
}

// workingCheck is a check that needs the processor three times, and waits for its target meanwhile.
type workingCheck struct {
	machine *machine
	work    time.Duration // of the processor, in all
	target  time.Duration // how long the target takes
	mu      *sync.Mutex
	took    *[]time.Duration // of all that were up
	down    *int
}

func (c workingCheck) Run(ctx context.Context) (Result, error) {
	r := Result{Title: "TCPProbeEvent", Reason: OK, Details: tcpDetails, Began: time.Now()}
	for i := range 3 {
		err := c.machine.use(ctx, c.work/3)
		if err == nil && i == 1 {
			err = sleepUntilDone(ctx, c.target)
		}
		if err != nil {
			r.Reason, r.Error, r.TimedOut = Timeout, "no answer in time", true
			break
		}
	}
	r.Took = time.Since(r.Began)
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.Up() {
		*c.took = append(*c.took, r.Took)
	} else {
		*c.down++
	}
	return r, nil
}

// group is targets of a kind on a machine, and what was seen of them.
type group struct {
	entries []Entry
	mu      sync.Mutex
	took    []time.Duration
	down    int
}

// newGroup makes n targets, numbered from first.
func (m *machine) newGroup(first, n int, interval, work, target time.Duration) *group {
	g := &group{entries: make([]Entry, n)}
	for i := range g.entries {
		g.entries[i] = entry(first+i, interval, 0)
		g.entries[i].Check = workingCheck{machine: m, work: work, target: target, mu: &g.mu, took: &g.took, down: &g.down}
	}
	return g
}

// newBedOnMachine is a bed of a scheduler that measures the lag of a machine.
func newBedOnMachine(t *testing.T, onePass bool) (*bed, *machine) {
	b, m := newBed(t, SchedulerConfig{}, onePass), &machine{}
	b.lag = m
	return b, m
}

// tooMuch is how many slots were skipped because too much was asked for.
func (b *bed) tooMuch() int { return b.skipped(skipBehind) + b.skipped(skipConcurrency) }

// forget begins anew.
func (g *group) forget() { g.mu.Lock(); defer g.mu.Unlock(); g.took, g.down = nil, 0 }

// seen is how many checks said up, how many said down, and the 99th percentile of the time of those that said up.
func (g *group) seen() (up, down int, p99 time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.took), g.down, percentile99(g.took)
}

func percentile99(all []time.Duration) time.Duration {
	if len(all) == 0 {
		return 0
	}
	all = slices.Sorted(slices.Values(all))
	return all[len(all)*99/100]
}

// counts is how often each target was checked since a time, sorted.
func (b *bed) counts(list []Entry, since time.Time) []int {
	b.mu.Lock()
	defer b.mu.Unlock()
	byTarget := make(map[string]int, len(list))
	for _, s := range b.events {
		if s.began.After(since) {
			byTarget[s.target]++
		}
	}
	counts := make([]int, len(list))
	for i, e := range list {
		counts[i] = byTarget[e.Target.URL]
	}
	slices.Sort(counts)
	return counts
}

// startedLate is the 99th percentile of how late the checks from the nth on started, and how many there are.
func (b *bed) startedLate(n int) (p99 time.Duration, all int) {
	b.counted.do(func() { p99, all = percentile99(b.counted.late[n:]), len(b.counted.late) })
	return p99, all
}
