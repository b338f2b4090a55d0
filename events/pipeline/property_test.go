package pipeline

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/uptimer/uptimer/events"
)

// moody is a writer that fails, stores parts, panics and rejects as its dice say. Whether an event is rejected
// depends on the event alone.
type moody struct {
	t      *testing.T
	dice   *rand.Rand
	events int
	bytes  int
	busy   atomic.Bool
	refuse map[uuid.UUID]bool

	stored map[uuid.UUID]int // in Writes that succeeded
	order  []int             // of those that were stored or rejected, by place
}

func (m *moody) Limits() (int, int, time.Duration) { return m.events, m.bytes, time.Millisecond }

func (m *moody) Close(context.Context) error { return nil }

func (m *moody) Write(_ context.Context, batch []events.Event) (rejected []events.Rejection, err error) {
	if !m.busy.CompareAndSwap(false, true) {
		m.t.Error("two Writes at once")
	}
	defer m.busy.Store(false)
	if len(batch) > m.events || len(batch) > 1 && size(batch) > m.bytes {
		m.t.Errorf("a page of %d events, %d bytes", len(batch), size(batch))
	}
	switch m.dice.IntN(12) {
	case 0:
		return []events.Rejection{{Index: 0, Reason: errAway}}, errAway
	case 1:
		panic("moody")
	}
	for _, i := range m.dice.Perm(len(batch)) {
		if id := batch[i].ID(); m.refuse[id] {
			rejected = append(rejected, events.Rejection{Index: i, Reason: fmt.Errorf("refused %v", id)})
		} else {
			m.stored[id]++
		}
	}
	m.order = append(m.order, places(batch)...)
	return rejected, nil
}

// crowd is a reader: many goroutines that emit the whole stock in batches of any size, each its own share in order.
type crowd struct {
	t      *testing.T
	seed   uint64
	stock  []events.Event
	shares int
	leaves bool // now and then a caller takes its events back, and delivers them again
	refuse map[uuid.UUID]bool
}

func (c *crowd) Read(ctx context.Context, emit events.Emit) error {
	var wg sync.WaitGroup
	n := len(c.stock) / c.shares
	for i := range c.shares {
		wg.Go(func() { c.emitShare(ctx, emit, c.stock[i*n:(i+1)*n], rand.New(rand.NewPCG(c.seed, uint64(i)))) })
	}
	wg.Wait()
	return nil
}

func (c *crowd) emitShare(ctx context.Context, emit events.Emit, share []events.Event, dice *rand.Rand) {
	for len(share) > 0 {
		n := dice.IntN(min(len(share), 40) + 1)
		batch := share[:n]
		share = share[n:]
		patient, cancel := c.patience(ctx, dice)
		rejected, err := emit(patient, batch)
		cancel()
		if c.leaves && errors.Is(err, context.DeadlineExceeded) {
			rejected, err = emit(ctx, batch)
		}
		if err != nil {
			c.t.Errorf("emit: %v", err)
		}
		c.check(batch, rejected)
	}
}

// patience is the ctx of one emit.
func (c *crowd) patience(ctx context.Context, dice *rand.Rand) (context.Context, context.CancelFunc) {
	if !c.leaves || dice.IntN(3) > 0 {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, time.Duration(dice.IntN(3000))*time.Microsecond)
}

// check compares what a caller was told with what should be: its own events, upwards, each with its own reason.
func (c *crowd) check(batch []events.Event, rejected []events.Rejection) {
	for i, e := range batch {
		if !c.refuse[e.ID()] {
			continue
		}
		want := fmt.Sprintf("refused %v", e.ID())
		if len(rejected) == 0 || rejected[0].Index != i || rejected[0].Reason.Error() != want {
			c.t.Errorf("event %d of %d: told %v, want %s", i, len(batch), rejected, want)
			return
		}
		rejected = rejected[1:]
	}
	if len(rejected) > 0 {
		c.t.Errorf("told of too many: %v", rejected)
	}
}

// If this fails, events are lost, stored though they were reported as rejected, reported to the wrong caller, or out of
// order, in some mixture of batch sizes, limits, failures and rejections.
//
// Seen to fail with each of these changes: write returns after an error; write settles before it tries; settle
// reports the page's index; fill skips what does not fit instead of leaving it; a page that failed goes to the end of
// the queue.
func TestEachEventIsStoredOnceOrRejectedOnce(t *testing.T) {
	s, err := theStock()
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(100) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { oneMixture(t, s.list[:1200], seed) })
		})
	}
}

// oneMixture moves the stock once. Time is fake, so that pauses cost nothing; the goroutines run as always.
func oneMixture(t *testing.T, stock []events.Event, seed uint64) {
	dice := rand.New(rand.NewPCG(seed, 99))
	refuse, odds := map[uuid.UUID]bool{}, 1+dice.IntN(20)
	for _, e := range stock {
		refuse[e.ID()] = dice.IntN(odds) == 0
	}
	w := &moody{
		t: t, dice: dice, events: 20 + dice.IntN(200), bytes: 5000 + dice.IntN(50_000),
		refuse: refuse, stored: map[uuid.UUID]int{},
	}
	r := &crowd{t: t, seed: seed, shares: 1 + dice.IntN(30), leaves: seed%3 == 0, refuse: refuse}
	r.stock = stock[:len(stock)/r.shares*r.shares]
	if err := Run(t.Context(), readers(r), sinks(w, "moody", nil), Config{Log: silent}); err != nil {
		t.Fatal(err)
	}
	for i, e := range r.stock {
		once := w.stored[e.ID()] == 1 || r.leaves && w.stored[e.ID()] > 1
		if once == refuse[e.ID()] || refuse[e.ID()] && w.stored[e.ID()] > 0 {
			t.Errorf("event %d was stored %d times; refused: %v", i, w.stored[e.ID()], refuse[e.ID()])
		}
	}
	if !r.leaves {
		checkOrder(t, w.order, len(r.stock)/r.shares, r.shares)
	}
}

// checkOrder fails the test unless each share came whole and in order.
func checkOrder(t *testing.T, order []int, share, shares int) {
	next := make([]int, shares) // the place within each share
	for _, at := range order {
		if i := at / share; at%share != next[i] {
			t.Fatalf("event %d of share %d came when %d was due", at%share, i, next[i])
		}
		next[at/share]++
	}
	for i, n := range next {
		if n != share {
			t.Errorf("%d of %d events of share %d were stored or rejected", n, share, i)
		}
	}
}

// If this fails, a busy uptimer deadlocks or mixes up its callers: many goroutines, one event at a time, in real time.
func TestManyCallersInRealTime(t *testing.T) {
	s, err := theStock()
	if err != nil {
		t.Fatal(err)
	}
	w := newWriter(t, 50, time.Millisecond)
	r := &crowd{t: t, seed: 1, stock: s.list, shares: 300}
	if err := Run(t.Context(), readers(r), sinks(w, "fake", nil), Config{Log: silent}); err != nil {
		t.Fatal(err)
	}
	var order []int
	for _, try := range w.all() {
		order = append(order, try.places...)
	}
	checkOrder(t, order, 10, 300)
}
