//go:build unix

package probes

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/uptimer/uptimer/internal/nettest"
)

// Whoever stops the program for a moment (a suspended laptop, a frozen container) would find every target down at
// its end. Seen to fail when Guarded does not ask the pulse.
func TestStoppedProcessBlamesItself(t *testing.T) {
	child := nettest.Child("TestChildIsStopped", "check")
	in, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	if !readUntil(lines, "checking") {
		t.Fatal("the child does not begin")
	}
	_ = child.Process.Signal(syscall.SIGSTOP)
	time.Sleep(3 * pulseLate)
	_, _ = io.WriteString(in, "end\n")
	_ = child.Process.Signal(syscall.SIGCONT)
	if !readUntil(lines, "answer: starved") {
		t.Error("the child takes the pause for an outage")
	}
	_ = in.Close()
	_, _ = io.Copy(io.Discard, out)
	if err := child.Wait(); err != nil {
		t.Error(err)
	}
}

func readUntil(lines *bufio.Scanner, want string) bool {
	for lines.Scan() {
		if strings.Contains(lines.Text(), want) {
			return true
		}
	}
	return false
}

// TestChildIsStopped is the child of TestStoppedProcessBlamesItself: its check fails by time as soon as it is told to,
// which is while it is stopped.
func TestChildIsStopped(t *testing.T) {
	if nettest.Task() == "" {
		return
	}
	pulse := NewPulse()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); pulse.Run(ctx) }()
	defer func() { cancel(); <-ended }()
	for pulse.last.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	_, err := Guarded(ctx, pulse, time.Now(), checkFunc(func(context.Context) (Result, error) {
		_, _ = os.Stdout.WriteString("\nchecking\n")
		_, _ = os.Stdin.Read(make([]byte, 10))
		return Result{Reason: Timeout, TimedOut: true}, nil
	}))
	answer := "outage"
	if own := new(OwnFault); errors.As(err, &own) {
		answer = string(own.Cause)
	}
	_, _ = os.Stdout.WriteString("\nanswer: " + answer + "\n")
}
