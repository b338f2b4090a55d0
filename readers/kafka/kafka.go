// Package kafka reads events from a Kafka topic, as a member of a consumer group.
package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/events/plugin"
	"github.com/uptimer/uptimer/events/topic"
	"github.com/uptimer/uptimer/internal/memory"
	"github.com/uptimer/uptimer/internal/setting"
)

// Plugin is the reader from Kafka.
var Plugin = plugin.Define("kafka", "reads events from a Kafka topic, as a member of a consumer group",
	func(c Config, host plugin.Host) (events.Reader, error) { return New(c, host) })

// Config is what the environment says about the topic and the group.
type Config struct {
	Topic       string        `envconfig:"KAFKA_READER_TOPIC" desc:"topic to read"`
	Group       string        `envconfig:"KAFKA_GROUP_ID" default:"uptimer" desc:"consumer group; its members share the partitions; a new group starts at the oldest event"`
	DeadLetters string        `envconfig:"KAFKA_DEAD_LETTER_TOPIC" desc:"topic for messages that are no valid events, or that can never be stored (default: KAFKA_READER_TOPIC with .dead-letter)"`
	Buffer      setting.Bytes `envconfig:"BUFFER_BYTES" default:"256MiB" desc:"events held in memory while the writer is busy or away"`
	topic.ProducerConfig
	topic.Config
}

// Validate returns setting.Mistakes.
func (c Config) Validate() error {
	var ms setting.Mistakes
	if c.Topic == "" {
		ms.Add("KAFKA_READER_TOPIC", "", errors.New("not set; want the name of a topic such as uptimer-events"))
	} else if err := topic.CheckName(c.Topic); err != nil {
		ms.Add("KAFKA_READER_TOPIC", c.Topic, err)
	}
	switch {
	case c.DeadLetters == "":
	case topic.CheckName(c.DeadLetters) != nil:
		ms.Add("KAFKA_DEAD_LETTER_TOPIC", c.DeadLetters, topic.CheckName(c.DeadLetters))
	case c.DeadLetters == c.Topic:
		ms.Add("KAFKA_DEAD_LETTER_TOPIC", c.DeadLetters, errors.New("the topic that is read, so dead letters would be read again and again; want another"))
	}
	ms.Join("", c.ProducerConfig.Validate())
	ms.Join("", c.Config.Validate())
	return ms.Err()
}

// DeadLetterSuffix makes the name of the topic for dead letters out of that of the topic that is read.
const DeadLetterSuffix = ".dead-letter"

// deadLetters is the topic in force.
func (c Config) deadLetters() string {
	if c.DeadLetters != "" {
		return c.DeadLetters
	}
	return c.Topic + DeadLetterSuffix
}

// Reader reads a topic. It holds nothing between two calls of Read.
type Reader struct {
	config   Config
	catalog  *events.Catalog
	observer plugin.Observer
	log      *slog.Logger // names the topic
	plain    *slog.Logger // for the cluster, which names the topics that it speaks of
	standing standing
}

// New makes the reader; nothing is connected yet. Where there are several in the process, each has its part of
// BUFFER_BYTES. Its error is setting.Mistakes.
func New(c Config, host plugin.Host) (*Reader, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	c.Buffer = setting.Bytes(memory.Buffer(int64(c.Buffer)))
	c.Buffer = max(c.Buffer/setting.Bytes(max(host.Workers, 1)), 1)
	return &Reader{
		config: c, catalog: host.Catalog, observer: host.Observed(), log: host.Log.With("topic", c.Topic), plain: host.Log,
	}, nil
}

// Redelivers is true: what was emitted and not taken is read again, by this process or by another of the group. See
// events.Redeliverer.
func (*Reader) Redelivers() bool { return true }

// Look asks whether the cluster and the topic are there, and whether Read is a member of the group: also one that has no
// partition, because others have them all. See events.Looker.
func (r *Reader) Look(ctx context.Context) error {
	cluster, err := topic.Open(r.config.Config, r.log)
	if err != nil {
		return err
	}
	defer cluster.Close()
	if err := cluster.Look(ctx, r.config.Topic); err != nil {
		return err
	}
	return r.standing.err(r.config.Group)
}

// Read joins the group and emits what lies on the partitions that are its share, until ctx ends. An offset is
// committed when all messages before it are safe: taken by emit, or on the topic for dead letters. What was emitted
// when ctx ends is waited for, as long as emit does.
//
// Its error says that Kafka refuses us for good (a *topic.Refused), or what emit said.
func (r *Reader) Read(ctx context.Context, emit events.Emit) error {
	cluster, err := topic.Open(r.config.Config, r.plain)
	if err != nil {
		return err
	}
	defer cluster.Close()
	err = newMember(r, cluster, emit).run(ctx)
	if err != nil && ctx.Err() == nil { // after that, an emit that failed is the end of the grace: nothing is lost
		return fmt.Errorf("reading the topic %q: %w", r.config.Topic, err)
	}
	return nil
}
