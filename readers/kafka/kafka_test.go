package kafka

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/events/eventstest"
	"github.com/uptimer/uptimer/events/topic/topictest"
	"github.com/uptimer/uptimer/internal/unhurried"
)

// If this failed, the reader would lose or repeat events in the pipeline, or not end.
func TestConformance(t *testing.T) { // not beside others: it counts goroutines
	eventstest.TestReader(t, eventstest.ReaderTest{
		Endless: true, Redelivers: true, Patience: topictest.Patience,
		New: func(t testing.TB) eventstest.Source {
			s := newSource(t, 2)
			s.put(0, eventstest.Dummies(t, 30)...)
			s.put(1, eventstest.Dummies(t, 30)...)
			// The brokers' ends of these connections are goroutines of this process.
			s.client.Transport.(*kafka.Transport).CloseIdleConnections()
			return eventstest.Source{Open: func(testing.TB) events.Reader { return s.reader(nil) }}
		},
	})
}

// If this failed, an event would be lost whose store died between reading and writing. (Seen to fail with the offset
// committed when a batch is taken from the queue, before its emit has returned; and the next test is a control.)
func TestCommitComesAfterTheStore(t *testing.T) {
	t.Parallel()
	lostEvents(t, false)
}

// If this failed, TestCommitComesAfterTheStore could not see a commit that comes too early.
func TestTheControlSeesACommitThatComesTooEarly(t *testing.T) {
	t.Parallel()
	if lostEvents(t, true) == 0 {
		t.Error("nothing was lost although commits came before the store")
	}
}

// lostEvents reads with a store that fails, and then with one that works, and returns how many events nobody stored.
// With tooEarly, the first emit returns before the store has worked, as a reader would that commits first.
func lostEvents(t *testing.T, tooEarly bool) int {
	s := newSource(t, 1)
	list := eventstest.Dummies(t, 500)
	s.put(0, list...)
	var kept store
	kept.before = func(ctx context.Context, _ []events.Event) ([]events.Rejection, error) {
		<-ctx.Done() // the table is locked
		return nil, ctx.Err()
	}
	emit := kept.emit
	reached := make(chan struct{}, 100)
	first := start(t, s.reader(nil), func(ctx context.Context, batch []events.Event) ([]events.Rejection, error) {
		reached <- struct{}{}
		if tooEarly {
			ctx, cancel := context.WithTimeout(ctx, time.Millisecond)
			defer cancel()
			_, _ = emit(ctx, batch)
			return nil, nil
		}
		ctx, cancel := context.WithTimeout(ctx, 2*time.Second) // the grace
		defer cancel()
		return emit(ctx, batch)
	})
	<-reached
	if tooEarly {
		unhurried.Until(t, "something is committed", func() bool { return s.committed(0) > 0 })
	}
	first.stop()
	_ = first.ended()
	if !tooEarly && s.committed(0) > 0 {
		t.Errorf("offset %d is committed, but nothing is stored", s.committed(0))
	}

	var next store
	more := eventstest.Dummies(t, 1)
	s.put(0, more...)
	second := start(t, s.reader(nil), next.emit)
	unhurried.Until(t, "the last event is stored", func() bool { return next.has(more) == 1 })
	second.end()
	lost := len(list) - next.has(list)
	if !tooEarly && lost > 0 {
		t.Errorf("%d events are lost", lost)
	}
	return lost
}

// If this failed, what SIGTERM finds in hand would not be waited for, and every restart would store it twice.
func TestWhatIsInHandAtTheEndIsCommitted(t *testing.T) {
	t.Parallel()
	s := newSource(t, 1)
	list := eventstest.Dummies(t, 100)
	s.put(0, list...)
	var kept store
	reached, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	kept.before = func(ctx context.Context, _ []events.Event) ([]events.Rejection, error) {
		once.Do(func() { close(reached) })
		select {
		case <-goOn:
			return nil, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	p := start(t, s.reader(nil), kept.emit)
	<-reached
	p.stop()
	time.Sleep(500 * time.Millisecond)
	close(goOn)
	if err := p.ended(); err != nil {
		t.Error(err)
	}
	if kept.has(list) != 100 || s.committed(0) != 100 {
		t.Errorf("%d are stored, offset %d is committed, want 100 both", kept.has(list), s.committed(0))
	}
}

// If this failed, one message that is no event would stop a partition, or vanish without a trace.
func TestPoisonBecomesDeadLetters(t *testing.T) {
	t.Parallel()
	s := newSource(t, 2)
	list := eventstest.Dummies(t, 20)
	s.put(1, list[:10]...)
	for _, x := range poison {
		topictest.Put(t, s.client, "events", 1, kafka.Message{
			Key: []byte("k"), Value: []byte(x.value), Headers: []kafka.Header{{Key: "from", Value: []byte("elsewhere")}},
		})
	}
	topictest.Put(t, s.client, "events", 1, kafka.Message{}) // null, null
	s.put(1, list[10:]...)
	var kept store
	p := start(t, s.reader(nil), kept.emit)
	unhurried.Until(t, "all are stored", func() bool { return kept.has(list) == 20 })
	unhurried.Until(t, "all is committed", func() bool { return s.committed(1) == int64(21+len(poison)) })
	p.end()

	letters := s.letters()
	if len(letters) != len(poison)+1 {
		t.Fatalf("%d dead letters, want %d", len(letters), len(poison)+1)
	}
	offsets := map[string]kafka.Message{}
	for _, l := range letters {
		offsets[header1(l, "dead-letter-offset")] = l
	}
	for i, x := range poison {
		l := offsets[[]string{"10", "11", "12", "13", "14"}[i]]
		if string(l.Value) != x.value || string(l.Key) != "k" || header1(l, "from") != "elsewhere" || l.Value == nil {
			t.Errorf("%q came out as %q, key %q, headers %v", x.value, l.Value, l.Key, l.Headers)
		}
		if !strings.Contains(header1(l, "dead-letter-reason"), x.reason) || header1(l, "dead-letter-topic") != "events" || header1(l, "dead-letter-partition") != "1" {
			t.Errorf("%q: headers %v, want a reason with %q", x.value, l.Headers, x.reason)
		}
		if got := header1(l, "dead-letter-truncated"); got != "(no dead-letter-truncated)" {
			t.Errorf("%q: dead-letter-truncated is %s", x.value, got)
		}
	}
	if l := offsets["15"]; l.Key != nil || l.Value != nil {
		t.Errorf("null came out as key %q, value %q", l.Key, l.Value)
	}
}

// If this failed, an event that the database refuses would be lost, or would stop the rest.
func TestARejectedEventBecomesADeadLetter(t *testing.T) {
	t.Parallel()
	s := newSource(t, 1)
	list := eventstest.Dummies(t, 10)
	topictest.Put(t, s.client, "events", 0, kafka.Message{Value: []byte("poison")}) // so that places and offsets differ
	s.put(0, list...)
	var kept store
	kept.before = func(_ context.Context, batch []events.Event) (rejected []events.Rejection, _ error) {
		for i, e := range batch {
			if e.ID() == list[4].ID() {
				rejected = append(rejected, events.Rejection{Index: i, Reason: errors.New("out of range")})
			}
		}
		return rejected, nil
	}
	p := start(t, s.reader(nil), kept.emit)
	unhurried.Until(t, "the rest is stored", func() bool { return kept.has(list) == 9 && s.committed(0) == 11 })
	p.end()
	letters := s.letters()
	if len(letters) != 2 {
		t.Fatalf("%d dead letters, want 2", len(letters))
	}
	i := slices.IndexFunc(letters, func(m kafka.Message) bool { return header1(m, "dead-letter-offset") == "5" })
	if i < 0 || string(letters[i].Value) != string(list[4].JSON()) || header1(letters[i], "dead-letter-reason") != "out of range" {
		t.Errorf("dead letters %v", letters)
	}
}

// If this failed, a dead letter could be lost: its message committed although it was not written. (Seen to fail when
// safe does not wait for bury.)
func TestNothingIsCommittedBeforeItsDeadLetterIsThere(t *testing.T) {
	t.Parallel()
	s := newSource(t, 1)
	var log topictest.Log
	topictest.Put(t, s.client, "events", 0, kafka.Message{Value: []byte("poison")})
	list := eventstest.Dummies(t, 5)
	s.put(0, list...)
	broken := breakProduce(s.brokers, "events.dead-letter")
	var kept store
	p := start(t, s.reader(&log), kept.emit)
	unhurried.Until(t, "the rest is stored", func() bool { return kept.has(list) == 5 })
	unhurried.Until(t, "the log says so", func() bool { return strings.Contains(log.String(), "dead letters cannot be written") })
	if s.committed(0) > 0 {
		t.Errorf("offset %d is committed", s.committed(0))
	}
	broken()
	unhurried.Until(t, "all is committed", func() bool { return s.committed(0) == 6 })
	p.end()
	if len(s.letters()) != 1 {
		t.Errorf("%d dead letters, want 1", len(s.letters()))
	}
}

// If this failed, a message that is larger than what the topic for dead letters takes would stop its partition.
func TestALargeDeadLetterIsCut(t *testing.T) {
	t.Parallel()
	s := newSource(t, 1)
	value := randomText(990_000)
	topictest.Put(t, s.client, "events", 0, kafka.Message{Key: []byte("k"), Value: value})
	if err := s.brokers.CreateTopic("events.dead-letter", 1, smallMessages); err != nil {
		t.Fatal(err)
	}
	p := start(t, s.reader(nil), new(store).emit)
	unhurried.Until(t, "it is committed", func() bool { return s.committed(0) == 1 })
	p.end()
	letters := s.letters()
	if len(letters) != 1 || header1(letters[0], "dead-letter-truncated") != "990000" || string(letters[0].Key) != "k" ||
		!strings.HasPrefix(string(value), string(letters[0].Value)) || len(letters[0].Value) < 10_000 {
		t.Errorf("%d letters, the first with %d bytes: %v", len(letters), len(letters[0].Value), letters[0].Headers)
	}
}

// If this failed, a member that comes or goes would cost events, or each would be stored by everybody.
func TestRebalancesLoseNothing(t *testing.T) {
	t.Parallel()
	s := newSource(t, 6)
	var all []events.Event
	var mu sync.Mutex
	produce := func(n int) {
		for p := range 6 {
			list := eventstest.Dummies(t, n)
			s.put(p, list...)
			mu.Lock()
			all = append(all, list...)
			mu.Unlock()
		}
	}
	var kept store
	kept.before = func(context.Context, []events.Event) ([]events.Rejection, error) {
		time.Sleep(20 * time.Millisecond)
		return nil, nil
	}
	produce(100)
	first := start(t, s.reader(nil), kept.emit)
	unhurried.Until(t, "the first works", func() bool { return kept.has(all) > 0 })
	second := start(t, s.reader(nil), kept.emit)
	produce(100)
	third := start(t, s.reader(nil), kept.emit)
	produce(100)
	time.Sleep(time.Second)
	first.end()
	produce(100)
	unhurried.Until(t, "all are stored", func() bool { return kept.has(all) == len(all) })
	second.end()
	third.end()
	repeats := 0
	for _, n := range kept.times {
		repeats += n - 1
	}
	t.Logf("%d events, %d repeats", len(all), repeats)
}

// If this failed, events of a target would be stored in another order than they lie on the topic. (Seen to fail when
// launch does not wait for its turn.)
func TestOrderIsKept(t *testing.T) {
	t.Parallel()
	s := newSource(t, 1)
	list := eventstest.Dummies(t, 10_000)
	for i := 0; i < len(list); i += 500 {
		s.put(0, list[i:i+500]...)
	}
	var kept store
	p := start(t, s.reader(nil), func(ctx context.Context, batch []events.Event) ([]events.Rejection, error) {
		time.Sleep(rand.N(100 * time.Millisecond))
		rejected, err := kept.emit(ctx, batch) // it has its place
		time.Sleep(50 * time.Millisecond)
		return rejected, err
	})
	unhurried.Until(t, "all are stored", func() bool { return kept.has(list) == len(list) })
	p.end()
	for i, e := range list {
		if kept.order[i] != e.ID() {
			t.Fatalf("event %d is not at its place", i)
		}
	}
}

// If this failed, a writer that waits for a full page would get one batch a page age: several must be under way.
func TestSeveralBatchesAreUnderWay(t *testing.T) {
	t.Parallel()
	s := newSource(t, 1)
	for range 6 {
		s.put(0, eventstest.Dummies(t, 1000)...)
	}
	var waiting atomic.Int64
	goOn := make(chan struct{})
	var kept store
	kept.before = func(_ context.Context, batch []events.Event) ([]events.Rejection, error) {
		waiting.Add(int64(len(batch)))
		<-goOn
		return nil, nil
	}
	p := start(t, s.reader(nil), kept.emit)
	unhurried.Until(t, "5,000 events are under way", func() bool { return waiting.Load() >= 5000 })
	close(goOn)
	unhurried.Until(t, "all is committed", func() bool { return s.committed(0) == 6000 })
	p.end()
}

// If this failed, a long backlog and a writer that is away would fill the memory. (Seen to fail with a budget that
// gives whatever is asked for: 6.6 MB.)
func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	s := newSource(t, 3)
	for p := range 3 {
		for range 10 {
			s.put(p, eventstest.Dummies(t, 1000)...)
		}
	}
	var held atomic.Int64
	goOn := make(chan struct{})
	var kept store
	kept.before = func(_ context.Context, batch []events.Event) ([]events.Rejection, error) {
		for _, e := range batch {
			held.Add(int64(len(e.JSON())))
		}
		<-goOn
		return nil, nil
	}
	p := start(t, s.reader(nil, "BUFFER_BYTES=2MiB"), kept.emit)
	unhurried.Until(t, "something is read", func() bool { return held.Load() > 0 })
	time.Sleep(2 * time.Second)
	if held.Load() > 2<<20 {
		t.Errorf("%d bytes of events are held, want at most 2 MiB", held.Load())
	}
	close(goOn)
	unhurried.Until(t, "all is committed", func() bool { return s.committed(0)+s.committed(1)+s.committed(2) == 30_000 })
	p.end()
}

// If this failed, a topic that does not exist yet would be waited for in silence, or would be an error.
func TestAMissingTopicIsWaitedForAndNamedOnce(t *testing.T) {
	t.Parallel()
	s := newSource(t, 1)
	var log topictest.Log
	var kept store
	p := start(t, s.reader(&log, "KAFKA_READER_TOPIC=later"), kept.emit)
	unhurried.Until(t, "the log names it", func() bool { return strings.Contains(log.String(), "topic=later") })
	time.Sleep(2500 * time.Millisecond)
	if n := strings.Count(log.String(), "there is no topic to read"); n != 1 {
		t.Errorf("%d lines, want 1:\n%s", n, log.String())
	}
	topictest.Create(t, s.client, "later", 1)
	list := eventstest.Dummies(t, 3)
	for _, e := range list {
		topictest.Put(t, s.client, "later", 0, kafka.Message{Value: e.JSON()})
	}
	unhurried.Until(t, "they are stored", func() bool { return kept.has(list) == 3 })
	p.end()
}

// If this failed, partitions that are added to a topic would be read by nobody until a restart.
func TestNewPartitionsAreRead(t *testing.T) {
	t.Parallel()
	s := newSource(t, 1)
	var kept store
	list := eventstest.Dummies(t, 2)
	s.put(0, list[0])
	p := start(t, s.reader(nil), kept.emit)
	unhurried.Until(t, "the first is stored", func() bool { return kept.has(list) == 1 })
	if _, err := s.client.CreatePartitions(t.Context(), &kafka.CreatePartitionsRequest{Topics: []kafka.TopicPartitionsConfig{{Name: "events", Count: 2}}}); err != nil {
		t.Fatal(err)
	}
	s.put(1, list[1])
	unhurried.Until(t, "the second is stored", func() bool { return kept.has(list) == 2 })
	p.end()
}

// If this failed, messages that the topic's retention deleted before they were read would stop the reader for ever.
func TestDeletedMessagesAreSaidAndPassed(t *testing.T) {
	t.Parallel()
	s := newSource(t, 1)
	list := eventstest.Dummies(t, 20)
	s.put(0, list[:10]...)
	var kept store
	p := start(t, s.reader(nil), kept.emit)
	unhurried.Until(t, "the first are committed", func() bool { return s.committed(0) == 10 })
	p.end()
	s.put(0, list[10:]...)
	if err := s.brokers.DeleteRecords("events", 0, 15); err != nil {
		t.Fatal(err)
	}
	var log topictest.Log
	p = start(t, s.reader(&log), kept.emit)
	unhurried.Until(t, "the last are stored", func() bool { return kept.has(list) == 15 && s.committed(0) == 20 })
	p.end()
	if !strings.Contains(log.String(), "deleted before they were read") {
		t.Errorf("the log says\n%s", log.String())
	}
}
