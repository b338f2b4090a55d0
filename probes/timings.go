package probes

import (
	"bytes"
	"strconv"
	"time"
)

// Phase is one part of a check.
type Phase uint8

// The phases, in the order in which they happen.
const (
	PhaseRedirect Phase = iota // all hops before the last
	PhaseDNS
	PhaseConnect // all addresses tried, and a proxy's CONNECT
	PhaseTLS
	PhaseSend
	PhaseWait    // until the first byte
	PhaseReceive // until the last byte
	phases
)

var phaseNames = [phases]string{"redirect", "dns", "connect", "tls", "send", "wait", "receive"}

// String is the phase's name in events.
func (p Phase) String() string { return phaseNames[p] }

// Timings is how long each phase of a check took. A phase that did not happen is absent. The zero value is ready.
type Timings struct {
	took [phases]time.Duration
	had  [phases]bool
}

// Add adds to a phase; adding nothing still makes it present.
func (t *Timings) Add(p Phase, d time.Duration) {
	t.took[p] += d
	t.had[p] = true
}

// Get returns how long a phase took and whether it happened.
func (t *Timings) Get(p Phase) (time.Duration, bool) { return t.took[p], t.had[p] }

// Total is the sum of all phases.
func (t *Timings) Total() (sum time.Duration) {
	for _, d := range t.took {
		sum += d
	}
	return sum
}

// Fold makes one phase, redirect, of all there are.
func (t *Timings) Fold() {
	sum := t.Total()
	*t = Timings{}
	t.Add(PhaseRedirect, sum)
}

// MarshalJSON writes the phases that happened, in milliseconds to the microsecond.
func (t Timings) MarshalJSON() ([]byte, error) { return t.appendJSON(nil), nil }

func (t *Timings) appendJSON(to []byte) []byte {
	to = append(to, '{')
	first := true
	for p := range phases {
		if !t.had[p] {
			continue
		}
		if !first {
			to = append(to, ',')
		}
		first = false
		to = append(append(append(to, '"'), phaseNames[p]...), '"', ':')
		to = AppendMillis(to, t.took[p])
	}
	return append(to, '}')
}

// AppendMillis appends a time span as a JSON number of milliseconds, to the microsecond.
func AppendMillis(to []byte, d time.Duration) []byte {
	micros := d.Microseconds()
	if micros < 0 {
		to, micros = append(to, '-'), -micros
	}
	to = strconv.AppendInt(to, micros/1000, 10)
	rest := micros % 1000
	if rest == 0 {
		return to
	}
	to = append(to, '.', byte('0'+rest/100), byte('0'+rest/10%10), byte('0'+rest%10))
	return bytes.TrimRight(to, "0")
}

// Millis is a time span that marshals to a number of milliseconds, to the microsecond.
type Millis time.Duration

// MarshalJSON writes the number.
func (m Millis) MarshalJSON() ([]byte, error) { return AppendMillis(nil, time.Duration(m)), nil }

// Stopwatch gives each moment of a check to a phase: a lap is the time since the last lap. Laps are cut at whole
// microseconds since the start, so that the phases of an event add up to its response time exactly.
type Stopwatch struct {
	Timings
	began   time.Time
	last    time.Duration
	phase   Phase // under way
	stopped bool
}

// StartStopwatch starts now. The first thing that a check does is to find an address.
func StartStopwatch() Stopwatch { return Stopwatch{began: time.Now(), phase: PhaseDNS} }

// Began is when it was started.
func (s *Stopwatch) Began() time.Time { return s.began }

// Lap gives the time since the last lap to a phase, which is under way from then on, and returns it.
func (s *Stopwatch) Lap(p Phase) time.Duration { return s.LapAt(p, time.Now()) }

// LapAt is Lap for a phase that ended at a time: see Arrival. It takes nothing if that was before the last lap.
func (s *Stopwatch) LapAt(p Phase, at time.Time) time.Duration {
	elapsed := max(at.Sub(s.began).Truncate(time.Microsecond), s.last)
	lap := elapsed - s.last
	s.last = elapsed
	s.Add(p, lap)
	s.Enter(p)
	return lap
}

// Enter says which phase is under way: Stop gives it the time since the last lap.
func (s *Stopwatch) Enter(p Phase) { s.phase, s.stopped = p, false }

// Fold makes one phase, redirect, of all there are, and it is under way.
func (s *Stopwatch) Fold() {
	s.Timings.Fold()
	s.Enter(PhaseRedirect)
}

// Stop ends the check with a last lap of the phase under way, and returns what all of it took. Stopping again changes
// nothing: what is done between the two, such as hanging up, is no part of the check.
func (s *Stopwatch) Stop() time.Duration { return s.StopAt(time.Now()) }

// StopAt is Stop for a check that ended at a time.
func (s *Stopwatch) StopAt(at time.Time) time.Duration {
	if !s.stopped {
		s.LapAt(s.phase, at)
		s.stopped = true
	}
	return s.last
}
