//go:build linux

package main

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// say prints what happens, with the time since it began.
type say struct {
	mu    sync.Mutex
	out   io.Writer
	began time.Time
}

func newSay(out io.Writer) *say { return &say{out: out, began: time.Now()} }

func (s *say) line(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintf(s.out, "%7.1fs  %s\n", time.Since(s.began).Seconds(), fmt.Sprintf(format, args...))
}
