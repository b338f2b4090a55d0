//go:build linux

package main

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// meter reads the consumers' own counters while they run, to tell how many events were stored again and absorbed: a
// lower bound, because what a consumer has stored since it was last asked is lost when it is killed.
type meter struct {
	first   int // port
	client  http.Client
	written []float64 // by each consumer since it was started
	ended   float64   // by those that were ended
}

const (
	askEvery  = 250 * time.Millisecond
	askWithin = 200 * time.Millisecond // a stopped one does not answer
)

func newMeter(count int) (*meter, error) {
	first, err := freePorts(count)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{DisableKeepAlives: true}
	return &meter{first: first, client: http.Client{Timeout: askWithin, Transport: transport}, written: make([]float64, count)}, nil
}

// address is where a consumer shows its counters.
func (m *meter) address(i int) string { return fmt.Sprintf("127.0.0.1:%d", m.first+i) }

// run asks until ctx ends, and returns how many events all consumers have stored, repeats included.
func (m *meter) run(ctx context.Context) int {
	for rest(ctx, askEvery) == nil {
		for i := range m.written {
			m.take(i, m.ask(ctx, i))
		}
	}
	sum := m.ended
	for _, n := range m.written {
		sum += n
	}
	return int(sum)
}

// take notes a counter. One that has gone back is that of a new process.
func (m *meter) take(i int, now float64) {
	if now < 0 {
		return
	}
	if now < m.written[i] {
		m.ended += m.written[i]
	}
	m.written[i] = now
}

// ask is -1 when there is no answer.
func (m *meter) ask(ctx context.Context, i int) float64 {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+m.address(i)+"/metrics", nil)
	if err != nil {
		return -1
	}
	answer, err := m.client.Do(request)
	if err != nil {
		return -1
	}
	defer answer.Body.Close()
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		text, found := strings.CutPrefix(lines.Text(), `uptimer_events_written_total{writer="postgres"} `)
		var n float64
		if _, err := fmt.Sscan(text, &n); found && err == nil {
			return n
		}
	}
	return -1
}
