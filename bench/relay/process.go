//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// build makes the program from this tree, with a profiler inside if one is wanted.
func build(ctx context.Context, folder string, profiled bool) (string, error) {
	binary := filepath.Join(folder, "uptimer")
	args := []string{"build", "-o", binary}
	if profiled {
		overlay, err := profiler(ctx, folder)
		if err != nil {
			return "", err
		}
		args = append(args, "-overlay", overlay)
	}
	cmd := exec.CommandContext(ctx, "go", append(args, "github.com/uptimer/uptimer/cmd/uptimer")...)
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("building uptimer: %w", err)
	}
	return binary, nil
}

// profiler writes an overlay that adds testdata/profile.go to the program: the program as it is has no profiler.
func profiler(ctx context.Context, folder string) (string, error) {
	module, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", fmt.Errorf("looking for the module: %w", err)
	}
	root := strings.TrimSpace(string(module))
	overlay := filepath.Join(folder, "overlay.json")
	text := fmt.Sprintf(`{"Replace": {%q: %q}}`,
		filepath.Join(root, "cmd", "uptimer", "profile.go"), filepath.Join(root, "bench", "relay", "testdata", "profile.go"))
	return overlay, os.WriteFile(overlay, []byte(text), 0o600)
}

// process is uptimer as a process of its own.
type process struct {
	cmd     *exec.Cmd
	log     strings.Builder
	metrics string
	ended   chan error
}

// start runs the program with metrics, and waits until they can be read.
func start(ctx context.Context, binary string, environment []string) (*process, error) {
	addr, err := freeAddress()
	if err != nil {
		return nil, err
	}
	p := &process{cmd: exec.CommandContext(ctx, binary), metrics: "http://" + addr + "/metrics", ended: make(chan error, 1)}
	p.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "METRICS_ADDR=" + addr}, environment...)
	p.cmd.Stderr = &p.log
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { p.ended <- p.cmd.Wait() }()
	for {
		if _, err := p.metric(ctx, "go_goroutines"); err == nil {
			return p, nil
		}
		select {
		case err := <-p.ended:
			return nil, fmt.Errorf("%w\n%s", errors.Join(errors.New("uptimer has ended before it showed metrics"), err), p.log.String())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// stop asks the program to end and wants it to do so well.
func (p *process) stop() error {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	if err := <-p.ended; err != nil {
		return fmt.Errorf("uptimer: %w\n%s", err, p.log.String())
	}
	return nil
}

// kill ends it for good, if it has not ended. It may be called after stop.
func (p *process) kill() { _ = p.cmd.Process.Kill() }

// metric is the sum of what the program shows under a name, over all labels.
func (p *process) metric(ctx context.Context, name string) (sum float64, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.metrics, nil)
	if err != nil {
		return 0, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	return total(answer.Body, name)
}

// total adds up the samples of a metric.
func total(metrics io.Reader, name string) (sum float64, err error) {
	for lines := bufio.NewScanner(metrics); lines.Scan(); {
		line := lines.Text()
		if own := strings.IndexAny(line, "{ "); own < 0 || line[:own] != name {
			continue
		}
		v, err := strconv.ParseFloat(line[strings.LastIndexByte(line, ' ')+1:], 64)
		if err != nil {
			return 0, err
		}
		sum += v
	}
	return sum, nil
}

// freeAddress is one that nobody listens at.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// until asks again and again until it is so.
func until(ctx context.Context, pause time.Duration, so func() (bool, error)) error {
	for {
		if done, err := so(); done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}
