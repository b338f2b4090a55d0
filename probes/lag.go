package probes

import "time"

// lagMeter measures for how long answers lie here unread.
type lagMeter interface {
	send()               // begins to measure, if it does not measure already
	take() time.Duration // the least since the last take
}

const (
	// echoes is how often our own lag is measured.
	echoes = 10 * time.Millisecond
	// fewInFlight is how many checks in flight are no reason to.
	fewInFlight = 16
)

// startLag starts to measure our own lag, if nobody else does. Without it nothing but a pause makes auto shrink.
func (s *Scheduler) startLag() (stop func()) {
	if s.lag != nil {
		return func() {}
	}
	echo, stop, err := startEcho(s.pulse.noticed)
	if err != nil {
		s.log.Warn("our own lag cannot be measured", "error", err)
		return func() {}
	}
	s.lag = echo
	return stop
}

// adjust measures our own lag while there is something to do, and fits the limit to it.
func (s *Scheduler) adjust() {
	if s.lag != nil && s.limit.inFlight >= fewInFlight {
		s.lag.send()
	}
	since := s.mono - s.looked
	if since < limitLooks {
		return
	}
	s.looked = s.mono
	s.mostBacklog = mostBacklog()
	var lag time.Duration
	if s.lag != nil {
		lag = s.lag.take()
	}
	s.limit.adjust(since, lag, s.short.Swap(false))
	s.skips.tell(s.limit.inFlight)
	s.trim()
}

// nextLook is how long the loop may sleep until it must measure or fit again.
func (s *Scheduler) nextLook() time.Duration {
	switch {
	case s.limit.inFlight >= fewInFlight:
		return echoes
	case s.limit.inFlight > 0 || s.ready.len() > 0:
		return s.looked + limitLooks - s.mono
	}
	return lookAtLeast
}
