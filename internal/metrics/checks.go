package metrics

import (
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// checks count the checks that gave an event. To find the series of each by its labels would take more than to count it.
type checks struct {
	total    *prometheus.CounterVec
	duration *prometheus.HistogramVec

	mu    sync.Mutex
	found atomic.Pointer[map[outcome]series] // a new map for each that is added
}

// outcome is the labels of a check.
type outcome struct{ protocol, reason string }

// series are where a check is counted.
type series struct {
	total    prometheus.Counter
	duration prometheus.Observer
}

func newChecks() *checks {
	c := &checks{
		total:    counters("uptimer_checks_total", "Checks that gave an event.", "protocol", "reason"),
		duration: histograms("uptimer_check_duration_seconds", "Time of checks that gave an event.", checkBuckets, "protocol"),
	}
	c.found.Store(&map[outcome]series{})
	return c
}

func (c *checks) count(o outcome, took time.Duration) {
	s, ok := (*c.found.Load())[o]
	if !ok {
		s = c.add(o)
	}
	s.total.Inc()
	s.duration.Observe(took.Seconds())
}

// add makes the series of an outcome that is seen for the first time. There are few.
func (c *checks) add(o outcome) series {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := series{c.total.WithLabelValues(o.protocol, o.reason), c.duration.WithLabelValues(o.protocol)}
	all := maps.Clone(*c.found.Load())
	all[o] = s
	c.found.Store(&all)
	return s
}
