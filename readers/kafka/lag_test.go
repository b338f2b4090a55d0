package kafka

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/events/eventstest"
	"github.com/uptimer/uptimer/events/topic/topictest"
	"github.com/uptimer/uptimer/internal/unhurried"
)

// told is an observer that keeps what it is told.
type told struct {
	mu      sync.Mutex
	letters int
	lags    map[int]int64
}

func (o *told) DeadLetters(n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.letters += n
}

func (*told) Expired(string, int) {}

func (o *told) Lag(_ string, partition int) (set func(int64), end func()) {
	return func(n int64) {
			o.mu.Lock()
			defer o.mu.Unlock()
			if o.lags == nil {
				o.lags = map[int]int64{}
			}
			o.lags[partition] = n
		}, func() {
			o.mu.Lock()
			defer o.mu.Unlock()
			delete(o.lags, partition)
		}
}

// are waits until the lags are these.
func (o *told) are(t *testing.T, what string, want map[int]int64) {
	t.Helper()
	unhurried.Until(t, what, func() bool {
		o.mu.Lock()
		defer o.mu.Unlock()
		return maps.Equal(o.lags, want)
	})
}

// watchedReader is a reader that tells an observer.
func (s *source) watchedReader(o *told, more ...string) *Reader {
	r := s.reader(nil, more...)
	r.observer = o
	return r
}

// If this failed, the lag would stand still when it matters: while the writer is away and nothing is fetched. (Seen to
// fail when the end of a partition is not asked for while something is in hand.)
func TestTheLagIsTrueWhileNothingIsFetched(t *testing.T) {
	t.Parallel()
	s := newSource(t, 2)
	var o told
	var kept store
	goOn := make(chan struct{})
	kept.before = func(ctx context.Context, _ []events.Event) ([]events.Rejection, error) {
		select {
		case <-goOn:
			return nil, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	for range 5 {
		s.put(0, eventstest.Dummies(t, 1000)...)
	}
	p := start(t, s.watchedReader(&o, "BUFFER_BYTES=200KiB"), kept.emit)
	o.are(t, "the lag is what is not stored, be it read or not", map[int]int64{0: 5000, 1: 0})
	s.put(0, eventstest.Dummies(t, 500)...)
	o.are(t, "the lag grows although nothing is fetched", map[int]int64{0: 5500, 1: 0})
	close(goOn)
	o.are(t, "all is stored", map[int]int64{0: 0, 1: 0})
	p.end()
	o.are(t, "nothing is told of partitions that are not ours", nil)
}

// If this failed, a dashboard would show a lag for ever of what nobody can read: what a transaction leaves at the end of
// a partition, and what was deleted before it was read. (Seen to fail when the lag is counted from what is committed.)
func TestWhatNobodyCanReadIsNoLag(t *testing.T) {
	t.Parallel()
	s := newSource(t, 2)
	s.transaction(kgo.TryCommit, eventstest.Dummies(t, 3))
	s.put(1, eventstest.Dummies(t, 10)...)
	if err := s.brokers.DeleteRecords("events", 1, 10); err != nil {
		t.Fatal(err)
	}
	var o told
	var kept store
	p := start(t, s.watchedReader(&o), kept.emit)
	o.are(t, "no lag", map[int]int64{0: 0, 1: 0})
	p.end()
}

// transaction puts events on partition 0 in a transaction, which leaves its mark behind them.
func (s *source) transaction(end kgo.TransactionEndTry, list []events.Event) {
	s.t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(s.brokers.ListenAddrs()...), kgo.TransactionalID(s.t.Name()), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		s.t.Fatal(err)
	}
	defer client.Close()
	err = client.BeginTransaction()
	for _, e := range list {
		if err == nil {
			err = client.ProduceSync(s.t.Context(), &kgo.Record{Topic: "events", Partition: 0, Value: e.JSON()}).FirstErr()
		}
	}
	if err == nil {
		err = client.EndTransaction(s.t.Context(), end)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// If this failed, two members of one process would tell of the same partitions, or one of those that it has lost.
// (Seen to fail when the lag of a partition is not ended.)
func TestEachMemberTellsOfItsOwnPartitions(t *testing.T) {
	t.Parallel()
	s := newSource(t, 2)
	var first, second told
	var kept store
	a := start(t, s.watchedReader(&first), kept.emit)
	first.are(t, "the first has both", map[int]int64{0: 0, 1: 0})
	b := start(t, s.watchedReader(&second), kept.emit)
	count := func(o *told) int {
		o.mu.Lock()
		defer o.mu.Unlock()
		return len(o.lags)
	}
	unhurried.Until(t, "each has one", func() bool { return count(&first) == 1 && count(&second) == 1 })
	a.end()
	second.are(t, "the second has both", map[int]int64{0: 0, 1: 0})
	b.end()
}

// If this failed, nobody would notice that many messages are no events.
func TestDeadLettersAreCounted(t *testing.T) {
	t.Parallel()
	s := newSource(t, 1)
	for range 3 {
		topictest.Put(t, s.client, "events", 0, kafka.Message{Value: []byte("poison")})
	}
	var o told
	p := start(t, s.watchedReader(&o), new(store).emit)
	unhurried.Until(t, "all is committed", func() bool { return s.committed(0) == 3 })
	p.end()
	if o.letters != 3 {
		t.Errorf("%d dead letters are counted, want 3", o.letters)
	}
}

// If this failed, /readyz would call a reader ready that gets no events, or one not ready that others leave nothing to.
// (Seen to fail with a Look that does not ask for membership.)
func TestLookKnowsTheGroup(t *testing.T) {
	t.Parallel()
	s := newSource(t, 1)
	r, idle := s.reader(nil), s.reader(nil)
	ready := func(r *Reader) error {
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
		defer cancel()
		return r.Look(ctx)
	}
	if err := ready(r); err == nil || !strings.Contains(err.Error(), `not a member of the consumer group "uptimer" yet`) {
		t.Errorf("before Read, Look says %v", err)
	}
	if err := ready(s.reader(nil, "KAFKA_READER_TOPIC=later")); err == nil || !strings.Contains(err.Error(), `the topic "later"`) {
		t.Errorf("without the topic, Look says %v", err)
	}
	var kept store
	p, q := start(t, r, kept.emit), start(t, idle, kept.emit)
	for i, x := range []*Reader{r, idle} {
		unhurried.Until(t, fmt.Sprintf("reader %d is ready", i), func() bool { return ready(x) == nil })
	}
	q.end()
	p.end()
	unhurried.Until(t, "it is not ready when it has left", func() bool { return ready(r) != nil })
}
