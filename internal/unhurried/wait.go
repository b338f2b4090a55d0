// Package unhurried is for tests on a busy machine: it waits for what should happen soon, for goroutines that are about to
// end, and tries a test whose times were too short again with longer ones. Only tests import it.
package unhurried

import (
	"fmt"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// Patience is how long what should happen soon may take. Nothing is judged by it but that it happens at all: a machine
// that tests run on may be slow, and do much else.
const Patience = 2 * time.Minute

// Until waits until it is so, and fails the test if that takes longer than Patience.
func Until(t testing.TB, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(Patience); !so(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("after %v still not: %s", Patience, what)
		}
	}
}

// Main is for TestMain: it runs the tests, and fails if they leave a goroutine behind. It does not return.
func Main(m interface{ Run() int }) {
	code := m.Run()
	if code == 0 {
		if err := Leak(30 * time.Second); err != nil {
			fmt.Fprintln(os.Stderr, "after all tests:", err)
			code = 1
		}
	}
	os.Exit(code)
}

// Leak waits until no goroutine is left but those that the options leave out. Its error names the others, if there are
// some after that time; goleak by itself gives them half a second.
func Leak(within time.Duration, options ...goleak.Option) error {
	for end := time.Now().Add(within); ; {
		err := goleak.Find(options...)
		if err == nil || time.Now().After(end) {
			return err
		}
	}
}
