//go:build linux

package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// telegraf checks the URLs of a block of its configuration one after the other, so there is a block for each few of them,
// and the blocks are spread over the interval. Each check is a line of its output.
var telegraf = peer{
	name: "telegraf",
	prepare: func(b *bench, s scenario) ([]string, []string, error) {
		const together = 10 // of 50 ms each: half a second
		var config strings.Builder
		fmt.Fprintf(&config, `[agent]
  interval = "%s"
  round_interval = false
  precision = "1ms"
  metric_batch_size = 5000
  metric_buffer_limit = 500000
  flush_interval = "1s"
  omit_hostname = true
  quiet = true
[[outputs.file]]
  files = ["%s"]
  data_format = "influx"
`, s.interval, b.path("telegraf.out"))
		for i := 0; i < s.targets(); i += together {
			var urls []string
			for j := i; j < min(i+together, s.targets()); j++ {
				urls = append(urls, strconv.Quote(s.url(j)))
			}
			offset := s.interval * time.Duration(i) / time.Duration(s.targets())
			fmt.Fprintf(&config, "[[inputs.http_response]]\n  urls = [%s]\n  response_timeout = \"%s\"\n  collection_offset = \"%s\"\n", strings.Join(urls, ", "), s.limit(), offset)
		}
		path := b.path("telegraf.conf")
		_ = os.Remove(b.path("telegraf.out"))
		return []string{"--config", path}, nil, os.WriteFile(path, []byte(config.String()), 0o600)
	},
	attend: func(_ context.Context, b *bench, _ scenario, p *process) func(window) (said, error) {
		ignore(p)
		return func(w window) (said, error) {
			file, err := os.Open(b.path("telegraf.out"))
			if err != nil {
				return said{}, err
			}
			defer file.Close()
			return metricsOf(bufio.NewReader(file), w)
		}
	},
}

// metricsOf is what the lines say whose time is in the window, such as
//
//	http_response,method=GET,… http_response_code=200i,response_time=0.05,result_code=0i,… 1700000000000000000
//
// A line that is not whole is the last one, which is still being written.
func metricsOf(from *bufio.Reader, w window) (all said, err error) {
	for {
		line, err := from.ReadString('\n')
		if err != nil {
			return all, nil //nolint:nilerr // the end
		}
		line = strings.TrimSpace(line)
		at, err := strconv.ParseInt(line[strings.LastIndexByte(line, ' ')+1:], 10, 64)
		if err != nil {
			return all, fmt.Errorf("reading what telegraf says: %w: %q", err, line)
		}
		if !w.holds(at) {
			continue
		}
		up := strings.Contains(line, "result_code=0i")
		_, took, _ := strings.Cut(line, "response_time=")
		took = took[:max(strings.IndexAny(took, ", "), 0)]
		seconds, err := strconv.ParseFloat(took, 64)
		if err != nil && up {
			return all, fmt.Errorf("reading what telegraf says: %w: %q", err, line)
		}
		all.add(up, time.Duration(seconds*float64(time.Second)))
	}
}
