package topic

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/internal/lasting"
)

// adminTime bounds a request that looks at topics or creates one.
const adminTime = 10 * time.Second

// maxMessageBytes is how large a batch may be on topics that we create. The broker's own default of 1 MiB is too
// small for the largest event, with its key and headers, if it cannot be compressed.
const maxMessageBytes = events.MaxBytes + 64<<10

// ForEvents is how a topic for events is configured when it is created, beside the broker's own settings.
func ForEvents() map[string]string {
	return map[string]string{"max.message.bytes": strconv.Itoa(maxMessageBytes)}
}

// ForDeadLetters is the same for a topic for dead letters: they are kept until somebody has looked at them.
func ForDeadLetters() map[string]string {
	config := ForEvents()
	config["retention.ms"], config["retention.bytes"] = "-1", "-1"
	return config
}

// FindTopic waits until there is a topic with that name to read from, and returns its number of partitions. That it
// is missing is said in the log once, and then once a minute. The error is a *Refused if we may not see it, or that
// of ctx.
func (c *Cluster) FindTopic(ctx context.Context, topic string) (partitions int, err error) {
	missing := lasting.Fault{
		Log: c.log.With("topic", topic), Level: slog.LevelWarn,
		Began: "there is no topic to read; waiting for it", Ended: "the topic to read is there",
	}
	err = c.wait(ctx, &missing, func(ctx context.Context) (err error) {
		partitions, err = c.Partitions(ctx, topic)
		return err
	})
	return partitions, err
}

// MakeTopic creates the topic if it is missing. The error is a *Refused if we may not, or that of ctx; what goes
// wrong for a while is said in the log and tried again.
func (c *Cluster) MakeTopic(ctx context.Context, topic string, partitions int, config map[string]string) error {
	missing := lasting.Fault{
		Log: c.log.With("topic", topic), Level: slog.LevelWarn,
		Began: "the topic cannot be created yet; trying again", Ended: "the topic is there",
	}
	return c.wait(ctx, &missing, func(ctx context.Context) error { return c.make(ctx, topic, partitions, config) })
}

// make creates the topic once, if it is missing.
func (c *Cluster) make(ctx context.Context, topic string, partitions int, config map[string]string) error {
	_, err := c.Partitions(ctx, topic)
	if !errors.Is(err, kafka.UnknownTopicOrPartition) {
		return err
	}
	wanted := kafka.TopicConfig{Topic: topic, NumPartitions: partitions, ReplicationFactor: -1} // the broker's own
	for name, value := range config {
		wanted.ConfigEntries = append(wanted.ConfigEntries, kafka.ConfigEntry{ConfigName: name, ConfigValue: value})
	}
	client, done := c.once(topic) // by name: the library waits until it sees the new topic
	defer done()
	answer, err := client.CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{wanted}})
	if err == nil {
		err = answer.Errors[topic]
	}
	switch {
	case err == nil:
		c.log.Info("a topic was created", "topic", topic, "partitions", partitions)
	case errors.Is(err, kafka.TopicAlreadyExists):
	case errors.Is(err, kafka.InvalidTopic), errors.Is(err, kafka.PolicyViolation):
		return &Refused{fmt.Sprintf("the broker does not create the topic %q", topic), plainer(err)}
	default:
		if refused := PermissionError(fmt.Sprintf("the topic %q is missing, and creating it", topic), err); refused != nil {
			return refused
		}
		return fmt.Errorf("creating the topic %q: %w", topic, plainer(err))
	}
	_, err = c.Partitions(ctx, topic) // until all know it
	return err
}

// Partitions asks how many partitions a topic has now. The error Is kafka.UnknownTopicOrPartition if it does not exist.
func (c *Cluster) Partitions(ctx context.Context, topic string) (int, error) {
	client, done := c.once(topic)
	defer done()
	return Partitions(ctx, client, topic)
}

// once makes a client that has nothing cached.
func (c *Cluster) once(topic string) (client *kafka.Client, done func()) {
	t := &kafka.Transport{
		Dial: c.conns.dial, DialTimeout: dialTimeout, ClientID: clientID, TLS: c.tls, SASL: c.sasl,
		MetadataTTL: adminTime, MetadataTopics: []string{topic},
	}
	return &kafka.Client{Addr: kafka.TCP(c.config.Brokers...), Timeout: adminTime, Transport: t}, t.CloseIdleConnections
}

// Partitions asks how many partitions a topic has, or takes what the client has learned lately.
func Partitions(ctx context.Context, client *kafka.Client, topic string) (int, error) {
	answer, err := client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{topic}})
	if err == nil && len(answer.Topics) == 1 {
		err = answer.Topics[0].Error
	}
	switch {
	case err != nil:
		if refused := PermissionError(fmt.Sprintf("looking at the topic %q", topic), err); refused != nil {
			return 0, refused
		}
		return 0, fmt.Errorf("looking at the topic %q: %w", topic, plainer(err))
	case len(answer.Topics) != 1 || len(answer.Topics[0].Partitions) == 0:
		return 0, fmt.Errorf("looking at the topic %q: %w", topic, kafka.UnknownTopicOrPartition)
	}
	return len(answer.Topics[0].Partitions), nil
}
