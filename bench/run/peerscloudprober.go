//go:build linux

package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// cloudprober writes the counters of each target to a file every 10 s, as it does by default: checks, successes, and how
// many took how long, in ranges. Targets begin 1 ms after each other, the least that it knows (10 ms if not told).
var cloudprober = peer{
	name: "cloudprober",
	warm: func(s scenario) time.Duration { return time.Duration(s.targets()) * time.Millisecond },
	prepare: func(b *bench, s scenario) ([]string, []string, error) {
		var hosts []string
		for i := range s.targets() {
			hosts = append(hosts, s.address(i).String())
		}
		config := fmt.Sprintf(`probe {
  name: "farm"
  type: HTTP
  targets { host_names: "%s" }
  interval_msec: %d
  timeout_msec: %d
  latency_distribution { explicit_buckets: "%s" }
  http_probe { port: %d relative_url: "/status" interval_between_targets_msec: 1 }
}
surfacer { type: FILE file_surfacer { file_path: "%s" } }
host: "127.0.0.1"
port: 18098
`, strings.Join(hosts, ","), s.interval.Milliseconds(), s.limit().Milliseconds(), ranges(s), httpPort, b.path("cloudprober.out"))
		path := b.path("cloudprober.cfg")
		_ = os.Remove(b.path("cloudprober.out"))
		return []string{"--config_file", path}, nil, os.WriteFile(path, []byte(config), 0o600)
	},
	attend: func(_ context.Context, b *bench, _ scenario, p *process) func(window) (said, error) {
		ignore(p)
		return func(w window) (said, error) {
			file, err := os.Open(b.path("cloudprober.out"))
			if err != nil {
				return said{}, err
			}
			defer file.Close()
			return countersOf(bufio.NewReader(file), w)
		}
	},
}

// ranges are borders of ranges in µs: from the delay on 250 µs apart, and from 2 ms above it an eighth of that; the last
// is the limit of a check.
func ranges(s scenario) string {
	var borders []string
	most := float64(s.limit()-s.delay) / float64(time.Millisecond)
	for above := 0.0; above < most; above += max(.25, above/8) {
		borders = append(borders, fmt.Sprintf("%.0f", micros(s.delay)+above*1000))
	}
	return strings.Join(append(borders, fmt.Sprintf("%.0f", micros(s.limit()))), ",")
}

// counters are what cloudprober has counted of a target since its start.
type counters struct {
	at             int64 // seconds since the epoch
	total, success int
	borders        []float64 // lower ones, in µs; the first is -Inf
	counts         []int
}

// countersOf is what was counted up to the last line of each target in the window, from its last line before the window
// on, or its first in it: a line is written every 10 s only. A line that is not whole is the last one, which is still
// being written.
func countersOf(from *bufio.Reader, w window) (all said, err error) {
	all.least = true
	first, last := map[string]counters{}, map[string]counters{}
	for {
		line, err := from.ReadString('\n')
		if err != nil {
			break
		}
		target, c, err := readCounters(line)
		if err != nil {
			return all, fmt.Errorf("reading what cloudprober says: %w: %q", err, line)
		}
		if target == "" || c.at >= w.to.Unix() {
			continue
		}
		if _, ok := first[target]; !ok || c.at < w.from.Unix() {
			first[target] = c
		}
		last[target] = c
	}
	for target, c := range last {
		c.since(first[target], &all)
	}
	return all, nil
}

// since adds what was counted between two lines of a target.
func (c counters) since(before counters, all *said) {
	all.checks += c.total - before.total
	all.down += c.total - before.total - (c.success - before.success)
	for i := range c.counts {
		upper := c.borders[min(i+1, len(c.borders)-1)]
		all.took = append(all.took, slices.Repeat([]time.Duration{time.Duration(upper * float64(time.Microsecond))}, c.counts[i]-before.counts[i])...)
	}
}

// readCounters reads a line, such as
//
//	cloudprober 1795259760957018161 1795259770 labels=ptype=http,probe=farm,dst=127.1.0.0 total=9 success=9 latency=dist:sum:9|count:9|lb:-Inf,1|bc:0,9 timeouts=0
//
// target is empty if it is about something else.
func readCounters(line string) (target string, c counters, err error) {
	head, rest, _ := strings.Cut(line, " labels=")
	_, rest, ok := strings.Cut(rest, "dst=")
	if !ok {
		return "", c, nil
	}
	if c.at, err = strconv.ParseInt(head[strings.LastIndexByte(head, ' ')+1:], 10, 64); err != nil {
		return "", c, err
	}
	for i, word := range strings.Fields(rest) {
		name, value, _ := strings.Cut(word, "=")
		switch {
		case i == 0:
			target = word
		case name == "total":
			c.total, err = strconv.Atoi(value)
		case name == "success":
			c.success, err = strconv.Atoi(value)
		case name == "latency":
			_, value, _ = strings.Cut(value, "lb:")
			borders, counts, _ := strings.Cut(value, "|bc:")
			c.borders, err = numbers(borders, func(text string) (float64, error) { return strconv.ParseFloat(text, 64) })
			if err == nil {
				c.counts, err = numbers(counts, strconv.Atoi)
			}
		}
		if err != nil {
			return "", c, err
		}
	}
	return target, c, nil
}

// numbers reads a list with commas.
func numbers[T any](list string, read func(string) (T, error)) (all []T, err error) {
	for text := range strings.SplitSeq(list, ",") {
		n, err := read(text)
		if err != nil {
			return nil, err
		}
		all = append(all, n)
	}
	return all, nil
}
