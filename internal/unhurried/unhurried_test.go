package unhurried

import (
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { Main(m) }

// A goroutine that a busy machine lets end late would fail a test, or one that never ends would not.
func TestLeak(t *testing.T) {
	end := make(chan struct{})
	before := goleak.IgnoreCurrent()
	go func() { <-end }()
	if err := Leak(0, before); err == nil {
		t.Error("a goroutine that is there is not found")
	}
	time.AfterFunc(time.Second, func() { close(end) })
	if err := Leak(Patience, before); err != nil {
		t.Errorf("after its end: %v", err)
	}
}

// recorder is a test that is told of a failure.
type recorder struct {
	testing.TB
	said []string
}

func (r *recorder) Helper()                   {}
func (r *recorder) Skipped() bool             { return false }
func (r *recorder) Logf(string, ...any)       {}
func (r *recorder) Error(args ...any)         { r.said = append(r.said, args[0].(string)) }
func (r *recorder) Errorf(f string, _ ...any) { r.said = append(r.said, f) }

// A test would pass although it fails at every pace, or fail although it passes at one.
func TestTry(t *testing.T) {
	for passes, want := range map[time.Duration]struct {
		tries int
		said  string
	}{1: {1, ""}, 5: {2, ""}, 25: {3, ""}, 0: {3, "too short"}} {
		r, tries := &recorder{TB: t}, 0
		Try(r, func(t testing.TB, times time.Duration) {
			switch tries++; {
			case times == passes:
			case times == 1:
				t.Fatal("stops here")
			default:
				t.Error("too short")
			}
		})
		if said := strings.Join(r.said, ";"); tries != want.tries || said != want.said {
			t.Errorf("passes at %d: %d tries, failed for %q; want %d, %q", passes, tries, said, want.tries, want.said)
		}
	}
}
