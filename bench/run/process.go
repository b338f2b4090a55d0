//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// process is a program that is measured, or that serves the measurement.
type process struct {
	*exec.Cmd
	name   string
	stdout io.ReadCloser
}

// startProcess starts a program with nothing in its environment but env. Its log goes to a file. The end of ctx kills
// it.
func startProcess(ctx context.Context, name, log string, env []string, binary string, arguments ...string) (*process, error) {
	stderr, err := os.Create(log)
	if err != nil {
		return nil, err
	}
	defer stderr.Close() // the process has its own
	p := &process{Cmd: exec.CommandContext(ctx, binary, arguments...), name: name}
	p.Env = append([]string{"PATH=" + os.Getenv("PATH")}, env...)
	p.Stderr = stderr
	if p.stdout, err = p.StdoutPipe(); err != nil {
		return nil, err
	}
	if err := p.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	return p, nil
}

// stop ends a process by SIGTERM and waits for it; one that does not end is killed.
func (p *process) stop() error {
	_ = p.Process.Signal(syscall.SIGTERM)
	late := time.AfterFunc(30*time.Second, func() { _ = p.Process.Kill() })
	defer late.Stop()
	return p.wait()
}

// wait waits until a process has ended by itself.
func (p *process) wait() error {
	if err := p.Wait(); err != nil {
		return fmt.Errorf("%s: %w; its log is %s", p.name, err, p.Stderr.(*os.File).Name())
	}
	return nil
}

// usage is what a process has used so far.
type usage struct {
	at       time.Time
	cpu      time.Duration // user and system
	resident int64         // bytes
	most     int64         // most resident bytes so far
}

// usage reads what the process has used.
func (p *process) usage() (u usage, err error) {
	u.at = time.Now()
	s, err := readStat(fmt.Sprintf("/proc/%d/stat", p.Process.Pid))
	if err != nil {
		return u, err
	}
	u.cpu = s.own
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Process.Pid))
	for line := range strings.Lines(string(status)) {
		var kilobytes int64
		if n, _ := fmt.Sscanf(line, "VmRSS: %d kB", &kilobytes); n == 1 {
			u.resident = kilobytes << 10
		}
		if n, _ := fmt.Sscanf(line, "VmHWM: %d kB", &kilobytes); n == 1 {
			u.most = kilobytes << 10
		}
	}
	return u, err
}

// stopAfter ends a process, whose output is still read.
func (p *process) stopAfter(events *reading) error {
	_ = p.Process.Signal(syscall.SIGTERM)
	late := time.AfterFunc(30*time.Second, func() { _ = p.Process.Kill() })
	defer late.Stop()
	<-events.ended // Wait closes the pipe
	return p.stop()
}
