//go:build linux

package main

import (
	"fmt"
	"strings"
	"time"
)

// meter tells who used the machine's CPU time over a while.
type meter struct {
	names   []string
	pids    []int
	before  []time.Duration
	machine machine
}

// newMeter begins to measure the machine.
func newMeter() (m *meter, err error) {
	m = &meter{}
	m.machine, err = readMachine()
	return m, err
}

// add begins to measure a process and its children, which are told in this order.
func (m *meter) add(name string, pid int) {
	m.names, m.pids, m.before = append(m.names, name), append(m.pids, pid), append(m.before, family(pid))
}

// shares is what a meter has measured.
type shares struct {
	names         []string
	cpu           []time.Duration // of each, and of all other programs
	busy, waiting float64         // parts of the machine's time: with programs, and with nothing but disks to wait for
}

func (m *meter) read() (s shares, err error) {
	now, err := readMachine()
	if err != nil {
		return s, err
	}
	since := now.since(m.machine)
	s.busy, s.waiting = since.parts()
	s.names = append(append(s.names, m.names...), "others")
	others := since.busy
	for i, pid := range m.pids {
		used := family(pid) - m.before[i]
		s.cpu = append(s.cpu, used)
		others -= used
	}
	s.cpu = append(s.cpu, max(others, 0))
	return s, nil
}

// each is the CPU time an event of each process, in µs.
func (s shares) each(events int) (list []float64) {
	for _, cpu := range s.cpu {
		list = append(list, micros(cpu)/float64(max(events, 1)))
	}
	return list
}

// text is the CPU time of all, µs an event, and how busy the machine was.
func (s shares) text(events int) string {
	var parts []string
	for i, each := range s.each(events) {
		parts = append(parts, fmt.Sprintf("%s %.1f", s.names[i], each))
	}
	return fmt.Sprintf("CPU µs an event: %s; machine %.0f %% busy, %.0f %% waiting for disks", strings.Join(parts, ", "), 100*s.busy, 100*s.waiting)
}
