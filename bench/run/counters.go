//go:build linux

package main

import (
	"context"
	"fmt"
	"net/http"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// Where uptimer shows its counters: who checks, and who stores what comes over Kafka.
const (
	metricsAddress  = "127.0.0.1:18099"
	consumerAddress = "127.0.0.1:18096"
)

// What is counted there.
const (
	checksMade    = "uptimer_checks_total"
	eventsWritten = "uptimer_events_written_total"
)

// scrape reads the counters and gauges that a process shows, the labels of each added up.
func scrape(ctx context.Context, address string) (map[string]float64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("reading uptimer's counters: %w", err)
	}
	defer answer.Body.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(answer.Body)
	if err != nil {
		return nil, fmt.Errorf("reading uptimer's counters: %w", err)
	}
	counters := map[string]float64{}
	for name, family := range families {
		for _, m := range family.GetMetric() {
			counters[name] += m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	return counters, nil
}
