//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A clock tick of /proc; it is 100 a second wherever Go runs on Linux.
const tick = time.Second / 100

// usage is what a process and its children have used, those that have ended included.
func usage(pid int) (cpu time.Duration) {
	if pid == 0 {
		return 0
	}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		// The name, which may hold anything, is in brackets; then come state, parent and, from the 12th on, times.
		fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
		ticks := func(i int) int64 { n, _ := strconv.ParseInt(fields[i], 10, 64); return n }
		switch {
		case path == fmt.Sprintf("/proc/%d/stat", pid):
			cpu += time.Duration(ticks(11)+ticks(12)+ticks(13)+ticks(14)) * tick
		case fields[1] == strconv.Itoa(pid):
			cpu += time.Duration(ticks(11)+ticks(12)) * tick
		}
	}
	return cpu
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

// peak is the most memory that a process had resident, in bytes.
func peak(pid int) float64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(text)) {
		if after, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kilobytes, _ := strconv.ParseFloat(strings.Fields(after)[0], 64)
			return kilobytes * 1024
		}
	}
	return 0
}
