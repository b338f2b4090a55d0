package eventstest

import (
	"fmt"
	"sync"
	"testing"

	"github.com/uptimer/uptimer/internal/unhurried"
)

func TestMain(m *testing.M) { unhurried.Main(m) }

// recorder is a testing.TB that notes failures instead of failing: it shows that the conformance tests can fail.
type recorder struct {
	testing.TB
	mu       sync.Mutex
	said     []string
	cleanups []func()
}

func (r *recorder) Helper() {}

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.said = append(r.said, fmt.Sprintf(format, args...))
}

func (r *recorder) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }

// record runs a test and returns how it failed; nil if it passed.
func record(t testing.TB, test func(testing.TB)) []string {
	r := &recorder{TB: t}
	test(r)
	for _, f := range r.cleanups {
		f()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.said
}
