package main

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"

	"github.com/uptimer/uptimer/internal/servertest"
	"github.com/uptimer/uptimer/internal/unhurried"
)

// beUptimer makes the test binary be the program, so that tests can send it signals and look at its exit code.
const beUptimer = "UPTIMER_TEST_BE_UPTIMER"

// A goroutine that is left behind by a command holds a connection or a file in a long-lived process.
func TestMain(m *testing.M) {
	if os.Getenv(beUptimer) != "" {
		os.Exit(run())
	}
	servertest.SideBySide(8)
	// The wait for a second signal ends with the process only.
	unhurried.Main(m)
}

// callEnds keeps a call that was thought wrong, and is not, from running for ever.
const callEnds = unhurried.Patience

// called is what one call of the program gave.
type called struct {
	code           int
	stdout, stderr string
}

// call runs a command within the test's process, with these variables and nothing else.
func call(t *testing.T, environ []string, args ...string) called {
	t.Helper()
	return callWithInput(t, "", environ, args...)
}

func callWithInput(t *testing.T, stdin string, environ []string, args ...string) called {
	t.Helper()
	var stdout, stderr bytes.Buffer
	a := &app{environ: environ, stdin: strings.NewReader(stdin), stdout: &stdout, stderr: &stderr}
	if args == nil {
		args = []string{}
	}
	ctx, cancel := context.WithTimeout(t.Context(), callEnds)
	defer cancel()
	return called{a.execute(ctx, args), stdout.String(), stderr.String()}
}

// complaints are the lines of stderr that are no log lines.
func (c called) complaints() (lines []string) {
	for line := range strings.Lines(c.stderr) {
		if strings.HasPrefix(line, "uptimer:") {
			lines = append(lines, strings.TrimSuffix(line, "\n"))
		}
	}
	return lines
}
