//go:build linux

package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strconv"
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
	for {
		line, err := lines.ReadSlice('\n')
		if errors.Is(err, io.EOF) && len(line) == 0 {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading events: %w", err)
		}
		e, err := parse(line)
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

// parse takes what is needed out of an event that uptimer wrote. It is no reader of JSON: values are found by their
// names.
func parse(line []byte) (e seen, err error) {
	if e.due, err = timeField(line, "scheduled_at"); err != nil {
		return e, err
	}
	if e.began, err = timeField(line, "event_time"); err != nil {
		return e, err
	}
	took, err := strconv.ParseFloat(string(valueOf(line, "response_time_ms")), 64)
	if err != nil {
		return e, fmt.Errorf("response_time_ms: %w", err)
	}
	e.took = int64(took * float64(time.Millisecond))
	e.up = string(valueOf(line, "up")) == "true"
	copy(e.id[:], valueOf(line, "target_id"))
	e.reason = reasonOf(valueOf(line, "reason"))
	address, err := netip.ParseAddr(string(valueOf(line, "hostname")))
	if err != nil {
		return e, err
	}
	if !address.Is4() {
		return e, fmt.Errorf("hostname: %v is no IPv4 address", address)
	}
	port, _ := strconv.ParseUint(string(valueOf(line, "port")), 10, 16)
	e.target = netip.AddrPortFrom(address, uint16(port))
	return e, nil
}

// valueOf is the text of a value, without quotes.
func valueOf(line []byte, name string) []byte {
	at := bytes.Index(line, []byte(`"`+name+`":`))
	if at < 0 {
		return nil
	}
	value := line[at+len(name)+3:]
	if value[0] == '"' {
		value = value[1:]
		return value[:max(bytes.IndexByte(value, '"'), 0)]
	}
	return value[:max(bytes.IndexAny(value, ",}"), 0)]
}

func timeField(line []byte, name string) (int64, error) {
	at, err := time.Parse(time.RFC3339Nano, string(valueOf(line, name)))
	if err != nil {
		return 0, fmt.Errorf("%s: %w", name, err)
	}
	return at.UnixNano(), nil
}
