//go:build unix

package main

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uptimer/uptimer/internal/unhurried"
)

// patience bounds every wait of these tests.
const patience = unhurried.Patience

// process is uptimer as a process of its own.
type process struct {
	t      testing.TB
	cmd    *exec.Cmd
	stdout *os.File
	lines  *bufio.Scanner
	mu     sync.Mutex
	stderr strings.Builder
	ended  chan struct{}
	over   time.Time // when; after ended
}

// start runs the program with these variables and nothing else.
func start(t testing.TB, environ []string) *process {
	t.Helper()
	return startWith(t, nil, environ)
}

// startWith runs the program with a standard input.
func startWith(t testing.TB, stdin *os.File, environ []string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(os.Args[0]), ended: make(chan struct{})}
	if stdin != nil {
		p.cmd.Stdin = stdin
	}
	p.cmd.Env = append([]string{beUptimer + "=1"}, environ...)
	p.cmd.Stderr = p
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p.cmd.Stdout, p.stdout = writer, reader
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = writer.Close() // the child has its own
	p.lines = bufio.NewScanner(reader)
	go func() {
		defer close(p.ended)
		_ = p.cmd.Wait() // the exit code says it
		p.over = time.Now()
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.ended
		_ = reader.Close()
	})
	return p
}

// event is what these tests want to know of an event.
type event struct {
	UUID   string `json:"uuid"`
	Target string `json:"target"`
	Up     bool   `json:"up"`
	Reason string `json:"reason"`
}

// next is the next event on stdout, or none at its end.
func (p *process) next() (e event, ok bool) {
	p.t.Helper()
	if !p.lines.Scan() {
		return e, false
	}
	if err := json.Unmarshal(p.lines.Bytes(), &e); err != nil {
		p.t.Fatalf("%q is on stdout and no event: %v", p.lines.Text(), err)
	}
	return e, true
}

// want reads events until one is as wanted.
func (p *process) want(what string, wanted func(event) bool) {
	p.t.Helper()
	timer := time.AfterFunc(patience, func() { _ = p.cmd.Process.Kill() })
	defer timer.Stop()
	for e, ok := p.next(); ok; e, ok = p.next() {
		if wanted(e) {
			return
		}
	}
	p.t.Fatalf("there was no event: %s\n%s", what, p.log())
}

// signal sends a signal.
func (p *process) signal(s os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// exit waits for the end and wants an exit code.
func (p *process) exit(code int) {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.t.Fatalf("the process does not end\n%s", p.log())
	}
	if got := p.cmd.ProcessState.ExitCode(); got != code {
		p.t.Errorf("exit code %d, want %d\n%s", got, code, p.log())
	}
}

// says waits until a text is in the log.
func (p *process) says(text string) {
	p.t.Helper()
	for deadline := time.Now().Add(patience); !strings.Contains(p.log(), text); {
		if time.Now().After(deadline) {
			p.t.Fatalf("the log does not say %q:\n%s", text, p.log())
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// Write takes what the program says on stderr.
func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stderr.Write(b)
}

// log is what the program said on stderr so far.
func (p *process) log() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stderr.String()
}
