//go:build linux

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"sync"
	"time"
)

const blackboxAddress = "127.0.0.1:18096"

// blackbox_exporter checks when it is asked, over kept connections, as Prometheus would do it. The time of who asks is not
// counted.
var blackbox = peer{
	name: "blackbox_exporter",
	prepare: func(b *bench, s scenario) ([]string, []string, error) {
		config := fmt.Sprintf("modules:\n  farm:\n    prober: http\n    timeout: %s\n    http: {preferred_ip_protocol: ip4}\n", s.limit())
		path := b.path("blackbox.yaml")
		return []string{"--config.file=" + path, "--web.listen-address=" + blackboxAddress, "--log.level=error"}, nil, os.WriteFile(path, []byte(config), 0o600)
	},
	attend: func(ctx context.Context, _ *bench, s scenario, p *process) func(window) (said, error) {
		ignore(p)
		ctx, stop := context.WithCancel(ctx)
		a := &asking{scenario: s, jobs: make(chan int)}
		a.busy.Go(func() { a.pace(ctx) })
		return func(w window) (all said, err error) {
			stop()
			a.busy.Wait()
			for _, answer := range a.answers {
				switch {
				case !w.holds(answer.began):
				case answer.err != nil:
					err = answer.err
				default:
					all.add(answer.up, answer.took)
				}
			}
			return all, err
		}
	},
}

// asking is who asks for checks.
type asking struct {
	scenario scenario
	jobs     chan int
	busy     sync.WaitGroup

	mu      sync.Mutex
	answers []answered
}

// answered is what was answered of a check.
type answered struct {
	began int64
	up    bool
	took  time.Duration
	err   error // it was not
}

// askers is how many checks may be asked for at once; more wait, and then are left out.
const askers = 1000

// pace asks for a check of each target in turn, spread evenly, until ctx ends.
func (a *asking) pace(ctx context.Context) {
	defer close(a.jobs)
	if sleep(ctx, time.Second) != nil { // it must open first
		return
	}
	began, next, working := time.Now(), 0, 0
	for ctx.Err() == nil {
		for due := int(time.Since(began).Seconds() * float64(a.scenario.rate)); next < due; next++ {
			target := next % a.scenario.targets()
			select {
			case a.jobs <- target:
			default:
				if working < askers {
					working++
					a.busy.Go(func() { a.work(target) })
				}
			}
		}
		_ = sleep(ctx, time.Millisecond)
	}
}

// work asks over one connection, until there are no jobs.
func (a *asking) work(target int) {
	var c connection
	defer c.close()
	for ok := true; ok; target, ok = <-a.jobs {
		answer := answered{began: time.Now().UnixNano()}
		answer.up, answer.took, answer.err = c.ask(a.scenario.url(target))
		if answer.err != nil {
			c.close()
		}
		a.mu.Lock()
		a.answers = append(a.answers, answer)
		a.mu.Unlock()
	}
}

// connection is one to the exporter, opened when it is needed.
type connection struct {
	net.Conn
	reader *bufio.Reader
}

func (c *connection) close() {
	if c.Conn != nil {
		_ = c.Conn.Close()
		c.Conn = nil
	}
}

var (
	durationLine = regexp.MustCompile(`(?m)^probe_duration_seconds (\S+)$`)
	successLine  = regexp.MustCompile(`(?m)^probe_success 1$`)
)

// ask asks for a check of a target.
func (c *connection) ask(target string) (up bool, took time.Duration, err error) {
	if c.Conn == nil {
		if c.Conn, err = net.DialTimeout("tcp", blackboxAddress, time.Second); err != nil {
			return false, 0, err
		}
		c.reader = bufio.NewReader(c.Conn)
	}
	if _, err := fmt.Fprintf(c, "GET /probe?module=farm&target=%s HTTP/1.1\r\nHost: %s\r\n\r\n", url.QueryEscape(target), blackboxAddress); err != nil {
		return false, 0, err
	}
	response, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		return false, 0, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return false, 0, err
	}
	match := durationLine.FindSubmatch(text)
	if match == nil {
		return false, 0, fmt.Errorf("blackbox_exporter answers %q", text)
	}
	seconds, err := strconv.ParseFloat(string(match[1]), 64)
	return successLine.Match(text), time.Duration(seconds * float64(time.Second)), err
}
