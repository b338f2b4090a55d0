package probes

import (
	"sync"
	"time"
)

// resolverPatience is how long a resolver may answer nobody before its silence is ours and not the targets'.
const resolverPatience = 5 * time.Second

// silence keeps how long a resolver has answered nobody. It is measured with the monotonic clock, from the later of
// its first question and its last answer. An answer is addresses, or a definite "does not exist"; that it failed
// is none. Ready at its zero value; safe for concurrent use.
type silence struct {
	mu    sync.Mutex
	since time.Time // the zero time until it is asked
}

// asked notes a question.
func (s *silence) asked() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.since.IsZero() {
		s.since = time.Now()
	}
}

// answered notes an answer.
func (s *silence) answered() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.since = time.Now()
}

// lasts is how long it has answered nobody; zero if nobody asked.
func (s *silence) lasts() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.since.IsZero() {
		return 0
	}
	return time.Since(s.since)
}
