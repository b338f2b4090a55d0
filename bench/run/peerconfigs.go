//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// cloudprober exports, for each target, the sum of its times and their number; every interval here, so that each check
// can be seen.
var cloudprober = peer{
	name: "cloudprober",
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
  http_probe { port: %d relative_url: "/status" }
}
surfacer { type: FILE file_surfacer { file_path: "%s" } }
port: 18098
`, strings.Join(hosts, ","), s.interval.Milliseconds(), s.interval.Milliseconds()*9/10, httpPort, b.path("cloudprober.out"))
		path := b.path("cloudprober.cfg")
		_ = os.Remove(b.path("cloudprober.out"))
		return []string{"--config_file", path}, nil, os.WriteFile(path, []byte(config), 0o600)
	},
	reported: func(_ context.Context, b *bench, _ window) (all []time.Duration, err error) {
		file, err := os.Open(b.path("cloudprober.out"))
		if err != nil {
			return nil, err
		}
		defer file.Close()
		type sums struct{ total, latency float64 }
		last := map[string]sums{}
		lines := bufio.NewScanner(file)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var target string
			var now sums
			for word := range strings.FieldsSeq(lines.Text()) {
				name, value, _ := strings.Cut(word, "=")
				switch name {
				case "labels":
					_, target, _ = strings.Cut(value, "dst=")
				case "success":
					now.total, _ = strconv.ParseFloat(value, 64)
				case "latency":
					now.latency, _ = strconv.ParseFloat(value, 64)
				}
			}
			if before, ok := last[target]; ok && now.total > before.total {
				mean := (now.latency - before.latency) / (now.total - before.total) // µs
				for range int(now.total - before.total) {
					all = append(all, time.Duration(mean*float64(time.Microsecond)))
				}
			}
			last[target] = now
		}
		return all, lines.Err()
	},
}

// gatus keeps the last results of each endpoint, which its API shows.
var gatus = peer{
	name: "gatus",
	prepare: func(b *bench, s scenario) ([]string, []string, error) {
		var config strings.Builder
		config.WriteString("web: {address: 127.0.0.1, port: 18097}\nconcurrency: 0\nendpoints:\n")
		for i := range s.targets() {
			fmt.Fprintf(&config, "  - {name: t%d, url: \"%s\", interval: %s, conditions: [\"[STATUS] == 200\"], client: {timeout: %s}}\n",
				i, s.url(i), s.interval, s.interval*9/10)
		}
		path := b.path("gatus.yaml")
		return nil, []string{"GATUS_CONFIG_PATH=" + path, "GATUS_LOG_LEVEL=ERROR"}, os.WriteFile(path, []byte(config.String()), 0o600)
	},
	reported: func(ctx context.Context, _ *bench, _ window) (all []time.Duration, err error) {
		const url = "http://127.0.0.1:18097/api/v1/endpoints/statuses?page=1&pageSize=20"
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return nil, err
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			return nil, err
		}
		defer answer.Body.Close()
		var endpoints []struct {
			Results []struct{ Duration time.Duration }
		}
		err = json.NewDecoder(answer.Body).Decode(&endpoints)
		for _, e := range endpoints {
			for _, r := range e.Results {
				all = append(all, r.Duration)
			}
		}
		return all, err
	},
}
