package probes

import (
	"errors"
	"fmt"
	"time"
)

// loopStuck is how long the loop may be away before the scheduler is called broken. It looks up once a second.
const loopStuck = 10 * time.Second

// errNoList is why a scheduler is not ready.
var errNoList = errors.New("there is no list of targets yet")

// Healthy is an error if the scheduler does not work any more. It may be called from any goroutine.
func (s *Scheduler) Healthy() error {
	last := s.beat.Load()
	if last == 0 {
		return nil
	}
	if _, mono := s.clock(); mono-time.Duration(last) > loopStuck {
		return fmt.Errorf("the scheduler has not looked up for %s", (mono - time.Duration(last)).Round(time.Second))
	}
	return nil
}

// Ready is an error until there is a list of targets.
func (s *Scheduler) Ready() error {
	if s.beat.Load() == 0 {
		return errNoList
	}
	return s.Healthy()
}
