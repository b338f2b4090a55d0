package kafka

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/events/eventstest"
	"github.com/uptimer/uptimer/events/plugin"
	"github.com/uptimer/uptimer/events/topic/topictest"
	"github.com/uptimer/uptimer/internal/servertest"
	"github.com/uptimer/uptimer/internal/unhurried"
)

func TestMain(m *testing.M) {
	servertest.SideBySide(8)
	unhurried.Main(m)
}

// source is a topic "events" and its brokers.
type source struct {
	t       testing.TB
	brokers *kfake.Cluster
	client  *kafka.Client
}

func newSource(t testing.TB, partitions int) *source {
	t.Helper()
	brokers := topictest.Brokers(t, kfake.NumBrokers(1))
	s := &source{t, brokers, topictest.Client(t, brokers.ListenAddrs()...)}
	topictest.Create(t, s.client, "events", partitions)
	return s
}

// reader makes a reader of the source.
func (s *source) reader(log *topictest.Log, more ...string) *Reader {
	s.t.Helper()
	env := append([]string{"KAFKA_BOOTSTRAP_SERVER=" + s.brokers.ListenAddrs()[0], "KAFKA_READER_TOPIC=events", "KAFKA_TOPIC_PARTITIONS=2"}, more...)
	if log == nil {
		log = &topictest.Log{}
	}
	r, err := Plugin.Open(plugin.NewEnvironment(env), plugin.Host{Catalog: eventstest.Catalog(s.t), Log: log.Logger()})
	if err != nil {
		s.t.Fatal(err)
	}
	return r.(*Reader)
}

// put puts events on a partition.
func (s *source) put(partition int, list ...events.Event) {
	s.t.Helper()
	var messages []kafka.Message
	for _, e := range list {
		messages = append(messages, kafka.Message{Value: e.JSON(), Time: e.Time()})
	}
	topictest.Put(s.t, s.client, "events", partition, messages...)
}

// letters are the dead letters.
func (s *source) letters() []kafka.Message {
	s.t.Helper()
	return topictest.Messages(s.t, s.client, "events.dead-letter")
}

// committed is what the group has committed for a partition; -1 for nothing.
func (s *source) committed(partition int) int64 {
	s.t.Helper()
	var answer *kafka.OffsetFetchResponse
	topictest.Stubborn(s.t, func() (err error) {
		answer, err = s.client.OffsetFetch(context.Background(), &kafka.OffsetFetchRequest{GroupID: "uptimer", Topics: map[string][]int{"events": {partition}}})
		return err
	})
	if len(answer.Topics["events"]) == 0 {
		return -1
	}
	return answer.Topics["events"][0].CommittedOffset
}

// store is a fake pipeline and the database behind it.
type store struct {
	mu    sync.Mutex
	times map[uuid.UUID]int
	order []uuid.UUID
	// before decides what becomes of an emit; nil: it is stored.
	before func(ctx context.Context, batch []events.Event) ([]events.Rejection, error)
}

func (s *store) emit(ctx context.Context, batch []events.Event) (rejected []events.Rejection, err error) {
	events.Queued(ctx)
	if s.before != nil {
		if rejected, err = s.before(ctx, batch); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.times == nil {
		s.times = map[uuid.UUID]int{}
	}
	for i, e := range batch {
		if !slices.ContainsFunc(rejected, func(r events.Rejection) bool { return r.Index == i }) {
			s.times[e.ID()]++
			s.order = append(s.order, e.ID())
		}
	}
	return rejected, nil
}

// has is how many of the events are stored.
func (s *store) has(list []events.Event) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range list {
		if s.times[e.ID()] > 0 {
			n++
		}
	}
	return n
}

// process is a Read under way.
type process struct {
	t    testing.TB
	stop context.CancelFunc
	done chan error
}

func start(t testing.TB, r events.Reader, emit events.Emit) *process {
	ctx, cancel := context.WithCancel(t.Context())
	p := &process{t, cancel, make(chan error, 1)}
	go func() { p.done <- r.Read(ctx, emit) }()
	t.Cleanup(cancel)
	return p
}

// end tells it to stop and waits.
func (p *process) end() {
	p.t.Helper()
	p.stop()
	if err := p.ended(); err != nil {
		p.t.Errorf("Read: %v", err)
	}
}

func (p *process) ended() error {
	p.t.Helper()
	select {
	case err := <-p.done:
		return err
	case <-time.After(topictest.Patience):
		p.t.Fatal("Read did not return")
		return nil
	}
}

// poison is what is no event, and what the reason must say.
var poison = []struct{ value, reason string }{
	{"", "empty"},
	{"not JSON at all", "not JSON"},
	{`{"schema_title":"DummyEvent"}`, "schema_version"},
	{`{"schema_title":"Nobody","schema_version":"1.0"}`, "no event type"},
	{"\xff\xfe", "UTF-8"},
}

func header1(m kafka.Message, key string) string {
	for _, h := range m.Headers {
		if h.Key == key {
			return string(h.Value)
		}
	}
	return fmt.Sprintf("(no %s)", key)
}
