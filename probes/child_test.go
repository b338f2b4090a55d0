package probes

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// childTest is a process that runs one test of this binary, for what must not happen to the process of the tests
// themselves. The test does its task if childTask says so.
func childTest(name, task string, environ ...string) *exec.Cmd {
	child := exec.Command(os.Args[0], "-test.run=^"+name+"$", "-test.v", "-test.timeout=1m")
	child.Env = append(append(os.Environ(), "UPTIMER_TEST_CHILD="+task, "GORACE=atexit_sleep_ms=0"), environ...)
	return child
}

// childTask is what this process is to do as a child, empty if it is none.
func childTask() string { return os.Getenv("UPTIMER_TEST_CHILD") }

// judge passes on what a child that has ended said of its test; one that did not run at all is a failure.
func judge(t *testing.T, name string, out []byte, err error) {
	t.Helper()
	switch text := string(out); {
	case err == nil && strings.Contains(text, "--- SKIP: "+name):
		t.Skip(text)
	case err != nil || !strings.Contains(text, "--- PASS: "+name):
		t.Errorf("%v\n%s", err, text)
	}
}
