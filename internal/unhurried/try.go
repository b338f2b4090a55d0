package unhurried

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// paces are how many times longer than usual the times of a test are, try by try.
var paces = []time.Duration{1, 5, 25}

// Try is for a test of times, such as a timeout of 300 ms before which much has to happen: on a busy machine it
// may not. It runs the test up to three times, until it passes, and tells it by which factor its times are to be longer.
// A defect fails at every pace; what the last one says is the failure, and the log has the others.
func Try(t testing.TB, test func(t testing.TB, times time.Duration)) {
	t.Helper()
	last := len(paces) - 1
	for _, times := range paces[:last] {
		a := &attempt{TB: t}
		done := make(chan struct{})
		go func() { // which Fatal ends
			defer close(done)
			test(a, times)
		}()
		<-done
		if !a.Failed() || t.Skipped() {
			return
		}
		t.Logf("tried again more slowly, as with times %d times as long: %s", times, strings.Join(a.said, "\n"))
	}
	test(t, paces[last])
}

// attempt is a test that may fail, and be tried again.
type attempt struct {
	testing.TB
	mu     sync.Mutex
	failed bool
	said   []string
}

func (a *attempt) Errorf(format string, args ...any) { a.note(fmt.Sprintf(format, args...)) }
func (a *attempt) Error(args ...any)                 { a.note(fmt.Sprintln(args...)) }
func (a *attempt) Fail()                             { a.note("failed") }

func (a *attempt) Fatalf(format string, args ...any) {
	a.Errorf(format, args...)
	runtime.Goexit()
}

func (a *attempt) Fatal(args ...any) {
	a.Error(args...)
	runtime.Goexit()
}

func (a *attempt) FailNow() {
	a.Fail()
	runtime.Goexit()
}

// Failed tells whether this try has failed, whatever became of those before.
func (a *attempt) Failed() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.failed
}

func (a *attempt) note(text string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.failed, a.said = true, append(a.said, text)
}
