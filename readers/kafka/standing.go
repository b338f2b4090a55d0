package kafka

import (
	"fmt"
	"sync"
	"time"
)

// rebalancing is how long a member may be without an assignment until it counts as none: others come and go.
const rebalancing = 5 * time.Second

// standing is whether a Read under way is a member of its group, for those who ask from another goroutine.
type standing struct {
	mu      sync.Mutex
	member  bool
	since   time.Time // of the last change; zero: it never was one
	trouble error     // why it could not become one
}

// joined takes note of an assignment, be it of no partition.
func (s *standing) joined() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.member, s.since, s.trouble = true, time.Now(), nil
}

// left takes note of the end of an assignment.
func (s *standing) left() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.member, s.since = false, time.Now()
}

// refused takes note of why there is no assignment yet.
func (s *standing) refused(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trouble = err
}

// err says why events do not come from the group.
func (s *standing) err(group string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.member, !s.since.IsZero() && time.Since(s.since) < rebalancing:
		return nil
	case s.trouble != nil:
		return fmt.Errorf("the consumer group %q cannot be joined: %w", group, s.trouble)
	}
	return fmt.Errorf("not a member of the consumer group %q yet", group)
}
