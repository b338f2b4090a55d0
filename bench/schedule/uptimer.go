//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/uptimer/uptimer/bench/farm"
)

// check is what an event says of one check.
type check struct {
	Target string    `json:"target_id"`
	Due    time.Time `json:"scheduled_at"`
	Began  time.Time `json:"event_time"`
	Up     bool      `json:"up"`
}

// outcome is what one run of the program gave.
type outcome struct {
	checks []check
	cpu    time.Duration // user and system
	memory int64         // most resident bytes
	stderr string
}

// build makes the program from this tree.
func build(ctx context.Context, folder string) (string, error) {
	binary := filepath.Join(folder, "uptimer")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", binary, "github.com/uptimer/uptimer/cmd/uptimer")
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("building uptimer: %w", err)
	}
	return binary, nil
}

// runUptimer runs the program for a while on targets of the farm, reads its events and stops it.
func runUptimer(ctx context.Context, p plan, f *farm.Farm, folder string) (*outcome, error) {
	list := filepath.Join(folder, "targets.csv")
	if err := writeList(list, p, f); err != nil {
		return nil, err
	}
	var o outcome
	var stderr strings.Builder
	cmd := exec.CommandContext(ctx, p.binary)
	cmd.Env = []string{"PROBE_TARGETS_FILE=" + list, "PROBE_INTERVAL=" + p.interval.String(), "PATH=" + os.Getenv("PATH")}
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	stop := time.AfterFunc(p.duration, func() { _ = cmd.Process.Signal(syscall.SIGTERM) })
	defer stop.Stop()
	if o.checks, err = readChecks(stdout); err != nil {
		_ = cmd.Process.Kill()
	}
	if ended := cmd.Wait(); err == nil && ended != nil {
		err = fmt.Errorf("uptimer: %w\n%s", ended, stderr.String())
	}
	usage, _ := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	o.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	o.memory, o.stderr = usage.Maxrss*1024, stderr.String()
	return &o, err
}

func writeList(path string, p plan, f *farm.Farm) error {
	var b strings.Builder
	b.WriteString("url\n")
	for i := range p.targets {
		b.WriteString(f.URL(i) + "\n")
	}
	return os.WriteFile(path, []byte(b.String()), 0o600)
}

func readChecks(r io.Reader) (checks []check, err error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var c check
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			return nil, fmt.Errorf("reading the event %q: %w", lines.Text(), err)
		}
		checks = append(checks, c)
	}
	return checks, lines.Err()
}
