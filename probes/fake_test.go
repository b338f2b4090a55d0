package probes

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/schemas"
	"github.com/uptimer/uptimer/targets"
)

var testCatalog = sync.OnceValue(func() *events.Catalog {
	c, err := events.NewCatalog(schemas.FS)
	if err != nil {
		panic(err)
	}
	return c
})

// tcpDetails are the fields of a TCPProbeEvent, for results that need some.
var tcpDetails = json.RawMessage(`{"tls_version":null,"certificate_expires_at":null,"matches_expect":null}`)

// counted is an Observer that remembers.
type counted struct {
	mu       sync.Mutex
	skipped  map[string]int
	faults   map[string]int
	checked  map[string]int
	late     []time.Duration
	targets  []int // after each change
	inFlight int
	most     int
}

func newCounted() *counted {
	return &counted{skipped: map[string]int{}, faults: map[string]int{}, checked: map[string]int{}}
}

func (c *counted) do(f func()) { c.mu.Lock(); defer c.mu.Unlock(); f() }

func (c *counted) Started(late time.Duration)           { c.do(func() { c.late = append(c.late, late) }) }
func (c *counted) OwnFault(cause string)                { c.do(func() { c.faults[cause]++ }) }
func (c *counted) Skipped(cause string, n int)          { c.do(func() { c.skipped[cause] += n }) }
func (c *counted) Targets(n int)                        { c.do(func() { c.targets = append(c.targets, n) }) }
func (c *counted) InFlight(n int)                       { c.do(func() { c.inFlight = n; c.most = max(c.most, n) }) }
func (c *counted) Checked(_, r string, _ time.Duration) { c.do(func() { c.checked[r]++ }) }

// listed is how many targets there are.
func (c *counted) listed() int { return c.targets[len(c.targets)-1] }

// seen is what one event said.
type seen struct {
	target   string
	due      time.Time
	began    time.Time
	sequence int
}

// bed is a scheduler in fake time, with a writer that remembers.
type bed struct {
	*Scheduler
	t       *testing.T
	counted *counted
	log     strings.Builder
	mu      sync.Mutex
	events  []seen
	block   chan struct{} // the writer waits until it is closed; nil: it does not
	ended   chan error
	cancel  context.CancelFunc
	ctx     context.Context
	began   time.Time
}

// newBed makes a scheduler that does not run yet. It must be called within a bubble of fake time.
func newBed(t *testing.T, c SchedulerConfig, onePass bool) *bed {
	b := &bed{t: t, counted: newCounted(), ended: make(chan error, 1), began: time.Now()}
	if c.Buffer == 0 {
		c.Buffer = 1 << 20
	}
	b.Scheduler = NewScheduler(c, SchedulerOptions{
		Catalog: testCatalog(), Observer: b.counted, OnePass: onePass,
		Log: slog.New(slog.NewTextHandler(&b.log, nil)),
	})
	b.lag = noLag{} // fake time does not pass while a pipe is read
	b.ctx, b.cancel = context.WithCancel(t.Context())
	return b
}

// noLag is a machine that is never late.
type noLag struct{}

func (noLag) send()               {}
func (noLag) take() time.Duration { return 0 }

// run starts the scheduler with a list.
func (b *bed) run(list ...Entry) {
	go func() { b.ended <- b.Read(b.ctx, b.emit) }()
	b.Begin(b.ctx, list)
}

// stop ends the scheduler as SIGTERM does and waits for it.
func (b *bed) stop() {
	b.cancel()
	if err := <-b.ended; err != nil {
		b.t.Errorf("Read returned %v", err)
	}
}

func (b *bed) emit(ctx context.Context, batch []events.Event) ([]events.Rejection, error) {
	if b.block != nil {
		<-b.block
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range batch {
		var f struct {
			Target      string `json:"target"`
			ScheduledAt string `json:"scheduled_at"`
		}
		if err := e.Decode(&f); err != nil {
			return nil, err
		}
		due, err := time.Parse(events.TimeLayout, f.ScheduledAt)
		if err != nil {
			return nil, err
		}
		b.events = append(b.events, seen{target: f.Target, due: due, began: e.Time(), sequence: len(b.events)})
	}
	return nil, nil
}

// of is the events of one target, in the order of their slots.
func (b *bed) of(e Entry) (own []seen) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.events {
		if s.target == e.Target.URL {
			own = append(own, s)
		}
	}
	slices.SortFunc(own, func(a, b seen) int { return a.due.Compare(b.due) })
	return own
}

// total is how many events there are.
func (b *bed) total() int { b.mu.Lock(); defer b.mu.Unlock(); return len(b.events) }

func (b *bed) skipped(cause string) (n int) {
	b.counted.do(func() { n = b.counted.skipped[cause] })
	return n
}

// fakeCheck takes its time and tells what it was told to.
type fakeCheck struct {
	takes   time.Duration
	result  Result
	err     error
	mu      sync.Mutex
	running int
	twice   bool
	ran     int
	shut    int
}

func (c *fakeCheck) Run(ctx context.Context) (Result, error) {
	c.enter(1)
	defer c.enter(-1)
	r := c.result
	r.Began = time.Now()
	if r.Title == "" {
		r.Title, r.Reason, r.Details = "TCPProbeEvent", OK, tcpDetails
	}
	select {
	case <-time.After(c.takes):
	case <-ctx.Done():
		r.Reason, r.Error, r.TimedOut = Timeout, "no answer in time", true
	}
	r.Took = time.Since(r.Began)
	return r, c.err
}

func (c *fakeCheck) enter(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.running += n
	c.ran += max(n, 0)
	c.twice = c.twice || c.running > 1
}

func (c *fakeCheck) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.shut++
	return nil
}

// runs is how often it was run, closed how often it was closed.
func (c *fakeCheck) runs() int   { c.mu.Lock(); defer c.mu.Unlock(); return c.ran }
func (c *fakeCheck) closed() int { c.mu.Lock(); defer c.mu.Unlock(); return c.shut }

// entry is a target with an interval and a check that takes a time.
func entry(n int, interval, takes time.Duration) Entry {
	url := fmt.Sprintf("tcp://127.0.0.%d:%d", n%250+1, 1000+n/250)
	return Entry{
		Target: &targets.Target{
			ID: uuid.NewSHA1(uuid.NameSpaceURL, []byte(url)), URL: url, Interval: interval,
			Timeout: interval * 9 / 10, Options: &targets.Options{},
		},
		Check: &fakeCheck{takes: takes},
	}
}

func entries(n int, interval, takes time.Duration) []Entry {
	list := make([]Entry, n)
	for i := range list {
		list[i] = entry(i, interval, takes)
	}
	return list
}

func fake(e Entry) *fakeCheck { return e.Check.(*fakeCheck) }

// inFakeTime runs a test in a bubble of fake time.
func inFakeTime(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	testCatalog() // outside of the bubble, once
	synctest.Test(t, test)
}

// byStart sorts events by when their checks began.
func byStart(events []seen) {
	slices.SortFunc(events, func(a, b seen) int { return a.began.Compare(b.began) })
}
