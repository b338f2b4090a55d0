// Package kafka writes events to a Kafka topic.
package kafka

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/events/plugin"
	"github.com/uptimer/uptimer/events/topic"
	"github.com/uptimer/uptimer/internal/setting"
)

// Plugin is the writer to Kafka.
var Plugin = plugin.Define("kafka", "writes events to a Kafka topic, each once and those of a target in order",
	func(c Config, host plugin.Host) (events.Writer, error) { return New(c, host) })

// Config is what the environment says about the topic.
type Config struct {
	Topic string `envconfig:"KAFKA_WRITER_TOPIC" desc:"topic to write to"`
	topic.ProducerConfig
	topic.Config
}

// Validate returns setting.Mistakes.
func (c Config) Validate() error {
	var ms setting.Mistakes
	if c.Topic == "" {
		ms.Add("KAFKA_WRITER_TOPIC", "", errors.New("not set; want the name of a topic such as uptimer-events"))
	} else if err := topic.CheckName(c.Topic); err != nil {
		ms.Add("KAFKA_WRITER_TOPIC", c.Topic, err)
	}
	ms.Join("", c.ProducerConfig.Validate())
	ms.Join("", c.Config.Validate())
	return ms.Err()
}

// What a page holds at most, and how long an event waits for company. A page is shared out among the partitions, so
// it should hold a good batch for each of the usual 12.
const (
	maxEvents = 10_000
	maxBytes  = 8 << 20
	maxAge    = 250 * time.Millisecond
)

// Writer writes events to a topic. A Write that failed may be repeated: what was stored already is not stored
// again, and a batch whose fate is not known is sent again as it was, so that the broker recognises it.
type Writer struct {
	topic    string
	cluster  *topic.Cluster
	producer *topic.Producer
	messages []topic.Message // reused
	log      *slog.Logger
}

// New makes the writer; nothing is connected yet. Its error is setting.Mistakes.
func New(c Config, host plugin.Host) (*Writer, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	cluster, err := topic.Open(c.Config, host.Log)
	if err != nil {
		return nil, err
	}
	return &Writer{
		topic: c.Topic, cluster: cluster, producer: topic.NewProducer(cluster, c.Topic, c.ProducerConfig, topic.ForEvents()),
		log: host.Log.With("topic", c.Topic),
	}, nil
}

// Start finds the cluster and creates the topic if it is missing. See events.Starter.
func (w *Writer) Start(ctx context.Context) error {
	if err := w.cluster.Find(ctx); err != nil {
		return err
	}
	return w.producer.Start(ctx)
}

// Write stores the batch on all replicas in sync, several partitions at a time. It rejects events that the broker
// will never take: too large a one, or one too far in the future.
func (w *Writer) Write(ctx context.Context, batch []events.Event) ([]events.Rejection, error) {
	w.messages = w.messages[:0]
	for _, e := range batch {
		w.messages = append(w.messages, topic.Lay(e))
	}
	defer clear(w.messages)
	rejected, err := w.producer.Produce(ctx, w.messages)
	if err == nil && w.log.Enabled(ctx, slog.LevelDebug) {
		w.log.Debug("events are acknowledged", "uuids", acknowledged(batch, rejected))
	}
	return rejected, err
}

// acknowledged are the ids of the events that were not rejected: whoever reads the log can look for them on the topic.
func acknowledged(batch []events.Event, rejected []events.Rejection) []string {
	refused := make(map[int]bool, len(rejected))
	for _, r := range rejected {
		refused[r.Index] = true
	}
	ids := make([]string, 0, len(batch))
	for i, e := range batch {
		if !refused[i] {
			ids = append(ids, e.ID().String())
		}
	}
	return ids
}

// Look asks whether the cluster and the topic are there. See events.Looker.
func (w *Writer) Look(ctx context.Context) error { return w.cluster.Look(ctx, w.topic) }

// Limits are 10,000 events, 8 MiB and 250 ms.
func (w *Writer) Limits() (events, bytes int, age time.Duration) { return maxEvents, maxBytes, maxAge }

// Close closes all connections. Nothing waits in the writer, so there is nothing to wait for.
func (w *Writer) Close(context.Context) error {
	w.cluster.Close()
	return nil
}
