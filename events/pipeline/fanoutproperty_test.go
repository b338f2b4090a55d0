package pipeline

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/uptimer/uptimer/events"
)

// keyedStock are events of twenty targets in turn.
var keyedStock = sync.OnceValues(func() ([]events.Event, error) {
	s, err := theStock()
	if err != nil {
		return nil, err
	}
	var list []events.Event
	for i := range 600 {
		e, err := s.catalog.New("TCPProbeEvent", time.Unix(1767323045, 0), map[string]any{
			"target": "tcp://192.0.2.1:1", "target_id": fmt.Sprintf("00000000-0000-5000-8000-%012d", i%20), "target_name": nil, "labels": nil,
			"protocol": "tcp", "hostname": "192.0.2.1", "port": 1, "path": nil, "ip": nil, "location": "", "instance": "test",
			"scheduled_at": "2026-01-02T03:04:05.000000Z", "up": true, "reason": "ok", "error": "", "response_time_ms": 1,
			"timings_ms": map[string]any{"connect": 1}, "tls_version": nil, "certificate_expires_at": nil, "matches_expect": nil,
		})
		if err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, nil
})

func keyed(t testing.TB) []events.Event {
	t.Helper()
	list, err := keyedStock()
	if err != nil {
		t.Fatal(err)
	}
	return slices.Clone(list)
}

// moodySink is what the writers of one sink share. They fail, panic and reject as its dice say, and it may go.
type moodySink struct {
	t      *testing.T
	refuse map[uuid.UUID]bool
	goes   bool
	leaves int // after so many Writes, if it goes

	mu     sync.Mutex
	dice   *rand.Rand
	stored map[uuid.UUID]int // in Writes that succeeded
	order  []events.Event    // of those that were stored or rejected
	gone   bool
}

func (m *moodySink) chance(n int) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.dice.IntN(n)
}

// moodyWriter is one of them.
type moodyWriter struct {
	*moodySink
	events int
	busy   atomic.Bool
}

func (m *moodyWriter) Limits() (int, int, time.Duration) { return m.events, large, time.Millisecond }

func (m *moodyWriter) Close(context.Context) error { return nil }

func (m *moodyWriter) Write(_ context.Context, batch []events.Event) (rejected []events.Rejection, err error) {
	if !m.busy.CompareAndSwap(false, true) {
		m.t.Error("two Writes at once")
	}
	defer m.busy.Store(false)
	time.Sleep(time.Duration(m.chance(3000)) * time.Microsecond)
	switch m.chance(8) {
	case 0:
		return nil, errAway
	case 1:
		panic("moody")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.leaves--; m.goes && m.leaves <= 0 {
		m.gone = true
		return nil, events.ErrWriterGone
	}
	for i, e := range batch {
		if m.refuse[e.ID()] {
			rejected = append(rejected, events.Rejection{Index: i, Reason: fmt.Errorf("refused %v", e.ID())})
		} else {
			m.stored[e.ID()]++
		}
		m.order = append(m.order, e)
	}
	return rejected, nil
}

// has tells whether the sink has an event for good.
func (m *moodySink) has(e events.Event) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.gone || m.refuse[e.ID()] || m.stored[e.ID()] > 0
}

// someKeys is a reader: goroutines that emit the events of some targets each, in order.
type someKeys struct {
	t      *testing.T
	seed   uint64
	shares [][]events.Event
	sinks  []*moodySink
	names  []string
}

func (r *someKeys) Read(ctx context.Context, emit events.Emit) error {
	var wg sync.WaitGroup
	for i, share := range r.shares {
		wg.Go(func() {
			dice := rand.New(rand.NewPCG(r.seed, uint64(i)))
			for len(share) > 0 {
				n := 1 + dice.IntN(min(len(share), 40))
				batch := share[:n]
				share = share[n:]
				rejected, err := emit(ctx, batch)
				if err != nil {
					r.t.Errorf("emit: %v", err)
				}
				r.check(batch, rejected)
			}
		})
	}
	wg.Wait()
	return nil
}

// check compares what a caller was told with what should be. What a sink that has gone said may be missing.
func (r *someKeys) check(batch []events.Event, rejected []events.Rejection) {
	said := map[int]string{}
	for _, x := range rejected {
		if said[x.Index] != "" {
			r.t.Errorf("event %d was rejected twice", x.Index)
		}
		said[x.Index] = x.Reason.Error()
	}
	if !slices.IsSortedFunc(rejected, func(a, b events.Rejection) int { return a.Index - b.Index }) {
		r.t.Errorf("the rejections are not in order: %v", rejected)
	}
	for i, e := range batch {
		var want, least string
		for k, s := range r.sinks {
			if !s.has(e) {
				r.t.Errorf("emit returned, and sink %s has not got event %d", r.names[k], i)
			}
			if !s.refuse[e.ID()] {
				continue
			}
			reason := fmt.Sprintf("refused %v", e.ID())
			if len(r.sinks) > 1 {
				reason = fmt.Sprintf("writer %q: %s", r.names[k], reason)
			}
			want = joined(want, reason)
			if !s.goes {
				least = joined(least, reason)
			}
		}
		if said[i] != want && said[i] != least {
			r.t.Errorf("event %d of %d: told %q, want %q", i, len(batch), said[i], want)
		}
	}
}

func joined(a, b string) string {
	if a == "" {
		return b
	}
	return a + "; " + b
}

// If this fails, with some mixture of sinks, workers, faults and rejections: events are lost for one of the
// destinations, or written again to one that has them because another was away, or out of order for a target, or
// acknowledged before all have them; or a rejection is told of the wrong event.
//
// Seen to fail when a call was done with its first batch, when share sorted the events of a batch upside down or chose by
// their place instead of their key, when place ignored places, when failure did not pass over a sink that has gone or
// writeEnded stopped for it, and when rejections of one event were not merged.
func TestEverySinkGetsEachEventOnce(t *testing.T) {
	stock := keyed(t)
	for seed := range uint64(100) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { oneFanOut(t, stock, seed) })
		})
	}
}

func oneFanOut(t *testing.T, stock []events.Event, seed uint64) {
	dice := rand.New(rand.NewPCG(seed, 7))
	readers, sinks := 1+dice.IntN(3), 1+dice.IntN(3)
	var all []Sink
	var moody []*moodySink
	var names []string
	for i := range sinks {
		m := &moodySink{t: t, refuse: map[uuid.UUID]bool{}, dice: rand.New(rand.NewPCG(seed, uint64(100+i))), stored: map[uuid.UUID]int{}}
		if i > 0 && i == sinks-1 && dice.IntN(2) == 0 { // never all
			m.goes, m.leaves = true, 1+dice.IntN(10)
		}
		for _, e := range stock {
			m.refuse[e.ID()] = dice.IntN(10) == 0
		}
		s := Sink{Name: fmt.Sprint("sink", i)}
		for range []int{1, readers, 4}[dice.IntN(3)] {
			s.Writers = append(s.Writers, &moodyWriter{moodySink: m, events: 10 + dice.IntN(100)})
		}
		all, moody, names = append(all, s), append(moody, m), append(names, s.Name)
	}
	shares := make([][]events.Event, 1+dice.IntN(20))
	for i, e := range stock {
		k := i % 20 % len(shares) // by target
		shares[k] = append(shares[k], e)
	}
	var sources []events.Reader
	for i := range readers {
		r := &someKeys{t: t, seed: seed, sinks: moody, names: names}
		for k := i; k < len(shares); k += readers {
			r.shares = append(r.shares, shares[k])
		}
		sources = append(sources, r)
	}
	if err := Run(t.Context(), sources, all, Config{Log: silent}); err != nil {
		t.Fatal(err)
	}
	for i, m := range moody {
		checkSink(t, names[i], m, stock)
	}
}

// checkSink fails the test unless each event is there once and those of a target came in order.
func checkSink(t *testing.T, name string, m *moodySink, stock []events.Event) {
	t.Helper()
	for i, e := range stock {
		n, refused := m.stored[e.ID()], m.refuse[e.ID()]
		if n > 1 || refused && n > 0 || !m.gone && !refused && n == 0 {
			t.Errorf("%s: event %d was stored %d times; refused: %v, gone: %v", name, i, n, refused, m.gone)
		}
	}
	place := map[uuid.UUID]int{}
	for i, e := range stock {
		place[e.ID()] = i
	}
	last := map[string]int{}
	for _, e := range m.order {
		at := place[e.ID()]
		if before, seen := last[e.Key()]; seen && at <= before {
			t.Errorf("%s: event %d came after event %d of the same target", name, at, before)
		}
		last[e.Key()] = at
	}
}
