//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"
)

// gatus keeps the last 100 results of each endpoint, which its API shows: a part of the window. It starts an endpoint each
// 222 ms, come what may, so it is given few, each so much more often, with the time limit of the others. "concurrency: 0"
// should mean no bound, and means 3; what no bound stands for is 10,000.
var gatus = peer{
	name: "gatus",
	warm: func(s scenario) time.Duration { return time.Duration(endpoints(s)) * 222 * time.Millisecond },
	prepare: func(b *bench, s scenario) ([]string, []string, error) {
		var config strings.Builder
		config.WriteString("web: {address: 127.0.0.1, port: 18097}\nconcurrency: 10000\nendpoints:\n")
		n := endpoints(s)
		interval := s.interval * time.Duration(n) / time.Duration(s.targets())
		for i := range n {
			fmt.Fprintf(&config, "  - {name: t%d, url: \"%s\", interval: %s, conditions: [\"[STATUS] == 200\"], client: {timeout: %s}}\n",
				i, s.url(i), interval, s.limit())
		}
		path := b.path("gatus.yaml")
		return nil, []string{"GATUS_CONFIG_PATH=" + path, "GATUS_LOG_LEVEL=ERROR"}, os.WriteFile(path, []byte(config.String()), 0o600)
	},
	attend: func(ctx context.Context, _ *bench, _ scenario, p *process) func(window) (said, error) {
		ignore(p)
		return func(w window) (said, error) { return lastResults(ctx, w) }
	},
}

// endpoints is how many gatus is given: enough for twice the time that a target takes.
func endpoints(s scenario) int { return min(s.targets(), 500) }

// lastResults asks gatus. It keeps an answer for 10 s, but nobody has asked before.
func lastResults(ctx context.Context, w window) (all said, err error) {
	const url = "http://127.0.0.1:18097/api/v1/endpoints/statuses?page=1&pageSize=100"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return all, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return all, err
	}
	defer answer.Body.Close()
	var list []struct {
		Results []struct {
			Success   bool
			Duration  time.Duration
			Timestamp time.Time
		}
	}
	err = json.NewDecoder(answer.Body).Decode(&list)
	for _, endpoint := range list {
		for _, r := range endpoint.Results {
			if w.holds(r.Timestamp.UnixNano()) {
				all.add(r.Success, r.Duration)
			}
		}
	}
	return all, err
}
