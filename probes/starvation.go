package probes

import (
	"context"
	"sync/atomic"
	"time"
)

// The pulse of this process: it ticks every pulseInterval, and a tick that comes pulseLate late tells of a pause.
const (
	pulseInterval = 50 * time.Millisecond
	pulseLate     = 250 * time.Millisecond
	// pulseStopped is how late it must be to tell that no answer of that time was timed rightly.
	pulseStopped = time.Second
)

// Pulse knows when this process was stopped or starved of processor time, because it ticks: a tick that comes late
// tells that nothing else here could run in time either. Safe for concurrent use; asking it costs no lock.
type Pulse struct {
	base     time.Time
	last     atomic.Int64 // the last tick, in nanoseconds since base; zero while Run does not run
	pauseEnd atomic.Int64 // the end of the last pause; stored before the tick that noticed it
	stopEnd  atomic.Int64 // the end of the last pause as long as pulseStopped, stored likewise
}

// NewPulse makes a pulse, which says nothing until Run runs.
func NewPulse() *Pulse { return &Pulse{base: time.Now().Add(-time.Nanosecond)} }

// Run ticks until ctx ends. Called once.
func (p *Pulse) Run(ctx context.Context) {
	ticker := time.NewTicker(pulseInterval)
	defer ticker.Stop()
	defer p.last.Store(0)
	p.last.Store(p.now())
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			p.tick()
		}
	}
}

// tick notes that the process is alive.
func (p *Pulse) tick() {
	now := p.now()
	if now-p.last.Load() >= int64(pulseInterval+pulseLate) {
		p.noticed()
	}
	if now-p.last.Load() >= int64(pulseInterval+pulseStopped) {
		p.stopEnd.Store(now)
	}
	p.last.Store(now)
}

// noticed notes a pause, or a wait as long, that ends now.
func (p *Pulse) noticed() { p.pauseEnd.Store(p.now()) }

// Paused tells whether there was a pause between since and now, or is one now: right after a pause the first to run
// may be the one that asks. since needs its monotonic reading. Without a running pulse the answer is no.
func (p *Pulse) Paused(since time.Time) bool {
	return p != nil && p.late(since, pulseLate, &p.pauseEnd)
}

// Stopped tells the same of pauses as long as pulseStopped.
func (p *Pulse) Stopped(since time.Time) bool {
	return p != nil && p.late(since, pulseStopped, &p.stopEnd)
}

func (p *Pulse) late(since time.Time, by time.Duration, end *atomic.Int64) bool {
	last := p.last.Load()
	if last == 0 {
		return false
	}
	if p.now()-last >= int64(pulseInterval+by) {
		return true
	}
	return end.Load() > int64(since.Sub(p.base))
}

// now is the time since base, always above zero.
func (p *Pulse) now() int64 { return int64(time.Since(p.base)) }
