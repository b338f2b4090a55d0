package kafka

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/events/topic"
	"github.com/uptimer/uptimer/internal/lasting"
)

const (
	// session is how long a member may be silent until the others get its partitions. A killed member holds up its
	// partitions for so long; below 6 s brokers refuse it as they come.
	session = 8 * time.Second
	// handOver is how long partitions that we lose hold up the others: what was emitted is waited for and committed,
	// so that the next owner does not read it again. It must be well below session.
	handOver = 3 * time.Second
	// requestTime bounds a request for messages or offsets.
	requestTime = 10 * time.Second
	// watchAgain is how often the number of partitions is looked at.
	watchAgain = 5 * time.Second
	// newTopic is how long a topic that was just found may still be unknown to the broker that the group's leader asks:
	// then nobody gets a partition, and nobody would notice.
	newTopic = 15 * time.Second
	// recovered is how long reading must work until it is said to work again: some partitions may while others do not.
	recovered = 10 * time.Second
)

// member is one Read: a member of the group from the moment it joins until Read returns.
type member struct {
	*Reader
	cluster *topic.Cluster
	client  *kafka.Client
	emit    events.Emit
	budget  *budget
	grave   *grave

	unreadable lasting.Fault
	membership topic.Membership

	found time.Time   // when the topic was seen to be there, last
	read  atomic.Bool // something, ever

	mu  sync.Mutex
	err error // the first that ends Read
}

func newMember(r *Reader, cluster *topic.Cluster, emit events.Emit) *member {
	m := &member{
		Reader: r, cluster: cluster, client: cluster.Client(r.config.Topic, requestTime), emit: emit,
		grave: newGrave(r, cluster),
	}
	// A page may never get full with a small budget: then it should not wait for what cannot come.
	m.budget = newBudget(int64(r.config.Buffer), func() { _, _ = emit(context.Background(), nil) })
	m.unreadable = lasting.Fault{Log: r.log, Level: slog.LevelWarn, Began: "the topic cannot be read; trying again", Ended: "the topic is read again"}
	m.membership = topic.Membership{
		Doing: fmt.Sprintf("reading as a member of the group %q", r.config.Group),
		Apart: lasting.Fault{Log: r.log.With("group", r.config.Group), Level: slog.LevelWarn, Began: "the consumer group cannot be joined; trying again", Ended: "the consumer group was joined"},
	}
	return m
}

// fail notes what ends Read. The first error counts.
func (m *member) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err == nil {
		m.err = err
	}
}

func (m *member) failed() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.err
}

// run finds the cluster and the topic, joins the group, and works until ctx ends or something fails for good.
func (m *member) run(ctx context.Context) error {
	if err := m.cluster.Find(ctx); err != nil {
		return err
	}
	// Looked for by ourselves: the library would join with no partition and say nothing.
	if err := m.findTopic(ctx); err != nil {
		return err
	}
	group, err := kafka.NewConsumerGroup(kafka.ConsumerGroupConfig{
		ID: m.config.Group, Topics: []string{m.config.Topic},
		Brokers: m.cluster.Brokers(), Dialer: m.cluster.Dialer(),
		StartOffset:       kafka.FirstOffset, // also for partitions that are added later
		HeartbeatInterval: time.Second,
		SessionTimeout:    session,
		RebalanceTimeout:  session,
		JoinGroupBackoff:  500 * time.Millisecond, // by default a failed join costs 5 s
		Timeout:           3 * time.Second,
	})
	if err != nil {
		return fmt.Errorf("joining the group %q: %w", m.config.Group, err)
	}
	defer m.cluster.Leave(group)
	for {
		generation, err := group.Next(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			m.standing.refused(err)
			if err := m.membership.Refused(err); err != nil {
				return err
			}
			continue
		}
		m.membership.Joined()
		m.standing.joined()
		s := newShare(m, generation)
		s.run(ctx)
		m.standing.left()
		if err := m.failed(); err != nil {
			return err
		}
		if s.gone.Load() {
			_ = topic.Rest(ctx, seldom) // until what our client knows of the topic is no older than that
			if err := m.findTopic(ctx); err != nil {
				return err
			}
		}
	}
}

// findTopic waits until there is the topic.
func (m *member) findTopic(ctx context.Context) error {
	_, err := m.cluster.FindTopic(ctx, m.config.Topic)
	m.found = time.Now()
	return err
}
