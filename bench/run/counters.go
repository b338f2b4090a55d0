//go:build linux

package main

import (
	"context"
	"fmt"
	"net/http"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// metricsAddress is where uptimer shows its counters.
const metricsAddress = "127.0.0.1:18099"

// scrape reads uptimer's counters and gauges, the labels of each added up.
func scrape(ctx context.Context) (map[string]float64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+metricsAddress+"/metrics", nil)
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
