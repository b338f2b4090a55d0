package metrics

import (
	"strconv"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// Plugins is what readers and writers report to.
type Plugins struct{ m *Metrics }

// Plugins returns the part of the readers and writers.
func (m *Metrics) Plugins() Plugins { return Plugins{m} }

// DeadLetters counts messages that were put aside.
func (p Plugins) DeadLetters(messages int) { p.m.deadLetters.Add(float64(messages)) }

// Expired counts events that a writer did not store because of their age.
func (p Plugins) Expired(writer string, events int) {
	p.m.expired.WithLabelValues(writer).Add(float64(events))
}

// Lag begins a series, which set gives its value and end takes away. A later call for the same partition takes the
// series over.
func (p Plugins) Lag(topic string, partition int) (set func(messages int64), end func()) {
	return p.m.lags.begin(topic, strconv.Itoa(partition))
}

// lags is the lag of the partitions that are read here. A partition that was handed over has no series any more: a
// number that nobody keeps up would look like a reader that stands still.
type lags struct {
	*prometheus.GaugeVec

	mu     sync.Mutex
	owners map[[2]string]*owner
}

// owner is whoever told of a partition last.
type owner struct{ _ byte } // of a size, so that each has an address of its own

func newLags() *lags {
	return &lags{owners: map[[2]string]*owner{}, GaugeVec: prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "uptimer_consumer_lag", Help: "Messages of a partition that is read here which are not stored yet.",
	}, []string{"topic", "partition"})}
}

func (l *lags) begin(topic, partition string) (set func(int64), end func()) {
	key, me := [2]string{topic, partition}, &owner{}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.owners[key] = me
	mine := func(do func()) {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.owners[key] == me {
			do()
		}
	}
	set = func(messages int64) { mine(func() { l.WithLabelValues(topic, partition).Set(float64(messages)) }) }
	end = func() {
		mine(func() {
			delete(l.owners, key)
			l.DeleteLabelValues(topic, partition)
		})
	}
	return set, end
}
