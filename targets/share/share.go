package share

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/uptimer/uptimer/events/topic"
	"github.com/uptimer/uptimer/internal/lasting"
	"github.com/uptimer/uptimer/internal/setting"
)

const (
	// prefix is what the names of topic and consumer group begin with, before that of the share group: so neither is
	// taken for one that events are read from.
	prefix = "uptimer-share-"
	// partitions of a topic that we create. With so many the largest share is at most 2 % above the mean for up to 10
	// instances, 6 % for up to 20 and 18 % for up to 50.
	partitions = 240
)

// The times of a Member.
const (
	// session is how long an instance may be silent until the others take over its share. Below 6 s brokers refuse it
	// as they come.
	session = 6 * time.Second
	// heartbeat is how soon an instance hears that the shares change. All do within this time.
	heartbeat = 500 * time.Millisecond
	// lookAgain is how often the number of partitions is looked at.
	lookAgain = 10 * time.Second
)

// Member is this instance in its group.
type Member struct {
	name     string // of the topic and of the consumer group
	config   topic.Config
	log      *slog.Logger
	balancer *balancer
	of       atomic.Int64 // slices, which are the topic's partitions
	group    topic.Membership
	missing  lasting.Fault

	session, heartbeat, lookAgain time.Duration
}

// New makes the member of a share group; nothing is connected yet. Its error is setting.Mistakes.
func New(group string, c topic.Config, log *slog.Logger) (*Member, error) {
	var ms setting.Mistakes
	if topic.CheckName(prefix+group) != nil {
		ms.Add("PROBE_SHARE_GROUP", group, fmt.Errorf("not a name that a topic can bear after %q; want up to %d letters, digits, dots, underscores and hyphens", prefix, 249-len(prefix)))
	}
	ms.Join("", c.Validate())
	if err := ms.Err(); err != nil {
		return nil, err
	}
	m := &Member{
		name: prefix + group, config: c, log: log.With("share_group", group),
		session: session, heartbeat: heartbeat, lookAgain: lookAgain,
	}
	m.balancer = &balancer{topic: m.name, of: func() int { return int(m.of.Load()) }}
	m.group = topic.Membership{
		Doing: fmt.Sprintf("being a member of the consumer group %q", m.name),
		Apart: lasting.Fault{Log: m.log, Level: slog.LevelWarn, Began: "the share group cannot be joined; waiting for a share of the targets", Ended: "the share group was joined"},
	}
	m.missing = lasting.Fault{Log: m.log.With("topic", m.name), Level: slog.LevelWarn, Began: "the topic of the share group cannot be looked at; the shares stay as they are", Ended: "the topic of the share group is there"}
	return m, nil
}

// Run joins the group and calls assigned with each new share, in its own goroutine, until ctx ends; then it leaves the
// group, so that the others take over at once. A share is good until the next one, also while the group rebalances or
// Kafka is away; that is said in the log.
//
// Its error says that Kafka refuses us for good (a *topic.Refused). Once there was a share, it has none.
func (m *Member) Run(ctx context.Context, assigned func(Slices)) error {
	cluster, err := topic.Open(m.config, m.log)
	if err != nil {
		return err
	}
	defer cluster.Close()
	if err := m.run(ctx, cluster, assigned); err != nil && ctx.Err() == nil {
		return fmt.Errorf("sharing the targets by the topic and consumer group %q: %w", m.name, err)
	}
	return nil
}

func (m *Member) run(ctx context.Context, cluster *topic.Cluster, assigned func(Slices)) error {
	m.log.Info("the targets are shared with the other instances of the group; waiting for a share", "topic", m.name)
	if err := m.findTopic(ctx, cluster); err != nil {
		return err
	}
	group, err := kafka.NewConsumerGroup(kafka.ConsumerGroupConfig{
		ID: m.name, Topics: []string{m.name},
		Brokers: cluster.Brokers(), Dialer: cluster.Dialer(),
		GroupBalancers:    []kafka.GroupBalancer{m.balancer},
		HeartbeatInterval: m.heartbeat,
		SessionTimeout:    m.session,
		RebalanceTimeout:  m.session,
		JoinGroupBackoff:  500 * time.Millisecond, // by default a failed join costs 5 s
		Timeout:           3 * time.Second,
	})
	if err != nil {
		return fmt.Errorf("joining the group: %w", err)
	}
	defer cluster.Leave(group)
	for {
		generation, err := group.Next(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			if err := m.group.Refused(err); err != nil {
				return err
			}
		default:
			assigned(m.take(generation, cluster))
		}
	}
}

// findTopic waits for the cluster and makes the topic, if it is missing.
func (m *Member) findTopic(ctx context.Context, cluster *topic.Cluster) error {
	if err := cluster.Find(ctx); err != nil {
		return err
	}
	if err := cluster.MakeTopic(ctx, m.name, partitions, nil); err != nil {
		return err
	}
	n, err := cluster.FindTopic(ctx, m.name)
	m.of.Store(int64(n))
	return err
}

// take is the share of a generation. The next one begins when the number of partitions has changed.
func (m *Member) take(g *kafka.Generation, cluster *topic.Cluster) Slices {
	s := newSlices(int(m.of.Load()))
	for _, a := range g.Assignments[m.name] {
		s.add(a.ID)
	}
	m.balancer.has(claim{g.ID, s})
	m.group.Joined()
	m.group.Apart.Began = "the share group cannot be reached; this instance keeps checking its share"
	g.Start(func(over context.Context) { m.watch(over, cluster) })
	return s
}

// watch returns, which ends the generation, when there is another number of partitions. A topic that was deleted is
// made anew; until then nothing changes.
func (m *Member) watch(over context.Context, cluster *topic.Cluster) {
	ticker := time.NewTicker(m.lookAgain)
	defer ticker.Stop()
	for {
		n, err := cluster.Partitions(over, m.name)
		if errors.Is(err, kafka.UnknownTopicOrPartition) {
			err = cluster.MakeTopic(over, m.name, int(m.of.Load()), nil)
		} else if before := m.of.Load(); err == nil && int64(n) != before {
			m.of.Store(int64(n))
			m.log.Info("the number of partitions has changed; the targets are divided anew", "topic", m.name, "before", before, "now", n)
			return
		}
		switch {
		case over.Err() != nil:
			return
		case err != nil:
			m.missing.Happened("error", err)
		default:
			m.missing.Over()
		}
		select {
		case <-over.Done():
			return
		case <-ticker.C:
		}
	}
}
