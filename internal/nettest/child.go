// Package nettest gives a test what it cannot do to the machine that it runs on: a process of its own and, on Linux, a
// network of its own, with routes, with parameters of its kernel and with a router that reports outages. Only tests
// import it.
package nettest

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// task is the variable that tells a child what it is to do.
const task = "UPTIMER_TEST_CHILD"

// Child is a process, not yet started, that runs one test of this binary, for what must not happen to the process of
// the tests themselves. In there, Task is what. The child ends by itself after five minutes.
func Child(test, what string, environ ...string) *exec.Cmd {
	child := exec.Command(os.Args[0], "-test.run=^"+test+"$", "-test.v", "-test.timeout=5m")
	child.Env = append(append(os.Environ(), task+"="+what, "GORACE=atexit_sleep_ms=0"), environ...)
	return child
}

// Task is what this process is to do as a Child, empty if it is none: then the test of a child has nothing to do.
func Task() string { return os.Getenv(task) }

// Judge passes on what a Child that has ended said of its test: that it failed or was skipped. One that did not run
// the test at all is a failure. out and err are what exec.Cmd.CombinedOutput gave.
func Judge(t testing.TB, test string, out []byte, err error) {
	t.Helper()
	switch text := string(out); {
	case err == nil && strings.Contains(text, "--- SKIP: "+test):
		t.Skip(text)
	case err != nil || !strings.Contains(text, "--- PASS: "+test):
		t.Errorf("%v\n%s", err, text)
	}
}
