//go:build linux

package main

import (
	"bytes"
	"fmt"
	"net/netip"
	"strconv"
	"time"
)

// parser takes what is needed out of events that uptimer wrote, with the processor that uptimer is measured on. It is no
// reader of JSON: values are found by their names, and the next one behind the one before if it is there.
type parser struct {
	line   []byte
	at     int    // behind the value that was found last
	minute []byte // how a time in UTC began, up to its seconds
	begins int64  // when that minute does
}

func (p *parser) parse(line []byte) (e seen, err error) {
	p.line, p.at = line, 0
	if e.began, err = p.time(`"event_time":`); err != nil {
		return e, err
	}
	copy(e.id[:], p.value(`"target_id":`))
	address, err := netip.ParseAddr(string(p.value(`"hostname":`)))
	if err != nil {
		return e, err
	}
	if !address.Is4() {
		return e, fmt.Errorf("hostname: %v is no IPv4 address", address)
	}
	port, _ := strconv.ParseUint(string(p.value(`"port":`)), 10, 16)
	e.target = netip.AddrPortFrom(address, uint16(port))
	if e.due, err = p.time(`"scheduled_at":`); err != nil {
		return e, err
	}
	e.up = string(p.value(`"up":`)) == "true"
	e.reason = reasonOf(p.value(`"reason":`))
	took, err := strconv.ParseFloat(string(p.value(`"response_time_ms":`)), 64)
	if err != nil {
		return e, fmt.Errorf("response_time_ms: %w", err)
	}
	e.took = int64(took * float64(time.Millisecond))
	return e, nil
}

// value is the text of a value, without quotes. The name has quotes and a colon.
func (p *parser) value(name string) []byte {
	at := bytes.Index(p.line[p.at:], []byte(name))
	if at >= 0 {
		at += p.at
	} else if at = bytes.Index(p.line, []byte(name)); at < 0 {
		return nil
	}
	begin := at + len(name)
	end := 0
	if p.line[begin] == '"' {
		begin++
		end = bytes.IndexByte(p.line[begin:], '"')
	} else {
		end = bytes.IndexAny(p.line[begin:], ",}")
	}
	p.at = begin + max(end, 0)
	return p.line[begin:p.at]
}

const untilSeconds = len("2006-01-02T15:04:")

// time is a time of day, which most often is in the same minute as the one before.
func (p *parser) time(name string) (int64, error) {
	text := p.value(name)
	seconds, sameMinute := bytes.CutPrefix(text, p.minute)
	seconds, utc := bytes.CutSuffix(seconds, []byte("Z"))
	if utc && sameMinute && p.minute != nil {
		since, err := time.ParseDuration(string(seconds) + "s")
		return p.begins + int64(since), err
	}
	at, err := time.Parse(time.RFC3339Nano, string(text))
	if err != nil {
		return 0, fmt.Errorf("%s %w", name, err)
	}
	if utc {
		p.minute, p.begins = bytes.Clone(text[:untilSeconds]), at.Truncate(time.Minute).UnixNano()
	}
	return at.UnixNano(), nil
}
