//go:build linux

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/uptimer/uptimer/bench/pages"
)

// seen is what an event says of one check. Times are nanoseconds since the epoch.
type seen struct {
	target netip.AddrPort
	id     [16]byte // of the target: the first characters of its id
	due    int64
	began  int64
	took   int64
	up     bool
	reason string
}

// reading is events as they come. Reading costs little, as the machine is the same.
type reading struct {
	list  pages.List[kept]
	count atomic.Int64
	first time.Time  // when the first came
	pause sync.Mutex // whoever has it stops the reading
	ended chan struct{}
	err   error
}

// readEvents reads events, a line each, until there are none.
func readEvents(from io.Reader) *reading {
	r := &reading{ended: make(chan struct{})}
	go func() {
		defer close(r.ended)
		r.err = r.read(from)
	}()
	return r
}

func (r *reading) read(from io.Reader) error {
	lines := bufio.NewReaderSize(from, 1<<20)
	var p parser
	for {
		line, err := lines.ReadSlice('\n')
		if errors.Is(err, io.EOF) && len(line) == 0 {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading events: %w", err)
		}
		e, err := p.parse(line)
		if err != nil {
			return fmt.Errorf("reading the event %q: %w", line, err)
		}
		r.list.Add(e.keep())
		if r.count.Add(1) == 1 {
			r.first = time.Now()
		}
		r.pause.Lock()
		r.pause.Unlock() //nolint:staticcheck // a gate
	}
}

// wait is all events, when the last has come.
func (r *reading) wait() ([]seen, error) {
	<-r.ended
	list := make([]seen, 0, r.list.Len())
	for k := range r.list.All() {
		list = append(list, k.seen())
	}
	return list, r.err
}

// kept is what was seen, without pointers.
type kept struct {
	id               [16]byte
	address          [4]byte
	port             uint16
	up               bool
	reason           uint16
	due, began, took int64
}

func (e seen) keep() kept {
	return kept{
		id: e.id, address: e.target.Addr().As4(), port: e.target.Port(),
		due: e.due, began: e.began, took: e.took, up: e.up, reason: numberOf(e.reason),
	}
}

func (k kept) seen() seen {
	return seen{
		id: k.id, target: netip.AddrPortFrom(netip.AddrFrom4(k.address), k.port),
		due: k.due, began: k.began, took: k.took, up: k.up, reason: reasons[k.reason],
	}
}

// reasons are the words for them, each once, so that not each event holds one of its own. Events are read by one goroutine
// at a time.
var reasons []string

// reasonOf is a word as a string that all events with it share.
func reasonOf(word []byte) string {
	for _, reason := range reasons {
		if reason == string(word) {
			return reason
		}
	}
	reasons = append(reasons, string(word))
	return reasons[len(reasons)-1]
}

// numberOf is where among the reasons one is that reasonOf gave.
func numberOf(reason string) uint16 { return uint16(slices.Index(reasons, reason)) }
