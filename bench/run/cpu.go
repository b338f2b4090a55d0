//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of CPU time in /proc: 100 a second wherever Go runs on Linux.
const tick = time.Second / 100

// stat is what the kernel says of a process.
type stat struct {
	parent int
	own    time.Duration // user and system
	reaped time.Duration // of children that have ended
}

func readStat(path string) (s stat, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return s, err
	}
	// The name, which may hold anything, is in brackets; then come state, parent and, from the 12th on, times.
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) < 15 {
		return s, fmt.Errorf("%s cannot be read: %q", path, text)
	}
	var errs []error
	number := func(i int) int64 {
		n, err := strconv.ParseInt(fields[i], 10, 64)
		errs = append(errs, err)
		return n
	}
	s.parent = int(number(1))
	s.own = time.Duration(number(11)+number(12)) * tick
	s.reaped = time.Duration(number(13)+number(14)) * tick
	return s, errors.Join(errs...)
}

// family is the CPU time of a process and its children, those that have ended included; 0 for process 0.
func family(pid int) (cpu time.Duration) {
	if pid == 0 {
		return 0
	}
	paths, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range paths {
		s, err := readStat(path)
		switch {
		case err != nil: // it has ended
		case path == fmt.Sprintf("/proc/%d/stat", pid):
			cpu += s.own + s.reaped
		case s.parent == pid:
			cpu += s.own
		}
	}
	return cpu
}

// machine is the CPU time of the whole machine: of all programs, and of waiting for disks with nothing else to do.
type machine struct{ busy, waiting, idle time.Duration }

func readMachine() (m machine, err error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return m, err
	}
	var user, nice, system, idle, waiting, hard, soft, stolen int64
	if _, err := fmt.Sscanf(string(text), "cpu %d %d %d %d %d %d %d %d", &user, &nice, &system, &idle, &waiting, &hard, &soft, &stolen); err != nil {
		return m, fmt.Errorf("/proc/stat cannot be read: %w", err)
	}
	return machine{
		busy:    time.Duration(user+nice+system+hard+soft+stolen) * tick,
		waiting: time.Duration(waiting) * tick,
		idle:    time.Duration(idle) * tick,
	}, nil
}

func (m machine) since(before machine) machine {
	return machine{m.busy - before.busy, m.waiting - before.waiting, m.idle - before.idle}
}

// parts are the shares of the time that the machine was busy, and that it only waited for disks.
func (m machine) parts() (busy, waiting float64) {
	whole := float64(max(m.busy+m.waiting+m.idle, 1))
	return float64(m.busy) / whole, float64(m.waiting) / whole
}

// listener is the process that listens at a port of this machine, 0 if it cannot be found (on another machine, or not
// ours to see).
func listener(port string) int {
	sockets := listening(port)
	links, _ := filepath.Glob("/proc/[0-9]*/fd/[0-9]*")
	for _, link := range links {
		if to, err := os.Readlink(link); err == nil && sockets[to] {
			pid, _ := strconv.Atoi(strings.Split(link, "/")[2])
			return pid
		}
	}
	return 0
}

// listening are the sockets that listen at a port, as /proc/…/fd calls them.
func listening(port string) map[string]bool {
	number, _ := strconv.Atoi(port)
	found := map[string]bool{}
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, _ := os.ReadFile(table)
		for line := range strings.Lines(string(text)) {
			fields := strings.Fields(line)
			if len(fields) > 9 && strings.HasSuffix(fields[1], fmt.Sprintf(":%04X", number)) && fields[3] == "0A" {
				found["socket:["+fields[9]+"]"] = true
			}
		}
	}
	return found
}
