//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// process is a producer or a consumer. It is started again and again; its log goes on in one file.
type process struct {
	name    string
	binary  string
	environ []string
	log     string // path
	died    func(what string)

	fault sync.Mutex // held by the fault that it suffers

	mu      sync.Mutex
	cmd     *exec.Cmd // nil: does not run
	ended   chan struct{}
	wanted  bool // we end it
	outcome error
}

// start starts it, if it does not run.
func (p *process) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd != nil {
		return nil
	}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(p.binary)
	cmd.Env, cmd.Stdout, cmd.Stderr = p.environ, log, log
	// A group of its own: Ctrl-C is for us. It ends with us in any case.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting %s: %w", p.name, err)
	}
	p.cmd, p.ended, p.wanted = cmd, make(chan struct{}), false
	go p.wait(cmd, p.ended)
	return nil
}

// wait notes how it ended. If nobody wanted that, it died.
func (p *process) wait(cmd *exec.Cmd, ended chan struct{}) {
	err := cmd.Wait()
	p.mu.Lock()
	wanted := p.wanted
	p.cmd, p.outcome = nil, err
	p.mu.Unlock()
	if !wanted {
		p.died(fmt.Sprintf("%s ended by itself: %v", p.name, cmd.ProcessState))
	}
	close(ended)
}

// signal sends a signal that does not end it.
func (p *process) signal(s syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd != nil {
		_ = p.cmd.Process.Signal(s) // it may just have ended
	}
}

// end ends it with a signal, and returns how it ended: nil for exit code 0, or if it did not run.
func (p *process) end(with syscall.Signal, within time.Duration) error {
	p.mu.Lock()
	if p.cmd == nil {
		p.mu.Unlock()
		return nil
	}
	p.wanted = true
	ended := p.ended
	_ = p.cmd.Process.Signal(with) // it may just have ended
	p.mu.Unlock()
	late := time.NewTimer(within)
	defer late.Stop()
	select {
	case <-ended:
	case <-late.C:
		p.signal(syscall.SIGKILL)
		<-ended
		return fmt.Errorf("%s did not end within %v of signal %v", p.name, within, with)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.outcome
}

// kill ends it at once, also while it is stopped.
func (p *process) kill() { _ = p.end(syscall.SIGKILL, endWithin) } // its outcome is the signal

// endWithin is more than the grace of 8 s and all that comes after it.
const endWithin = 45 * time.Second

// terminate asks it to end. Its error says that this did not work: it took too long, or the exit code is none of those
// that are good.
func (p *process) terminate(good ...int) error {
	err := p.end(syscall.SIGTERM, endWithin)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		for _, code := range good {
			if exit.ExitCode() == code {
				return nil
			}
		}
		return fmt.Errorf("%s: %w after SIGTERM", p.name, err)
	}
	return err
}
