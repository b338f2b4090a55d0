package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/events/topic"
	"github.com/uptimer/uptimer/internal/setting"
)

// LettersConfig is what the environment says about the topic for dead letters.
type LettersConfig struct {
	Topic       string `envconfig:"KAFKA_READER_TOPIC" desc:"topic that dead letters come from"`
	DeadLetters string `envconfig:"KAFKA_DEAD_LETTER_TOPIC" desc:"topic that they lie on (default: KAFKA_READER_TOPIC with .dead-letter)"`
	topic.ProducerConfig
	topic.Config
}

// Validate returns setting.Mistakes.
func (c LettersConfig) Validate() error {
	var ms setting.Mistakes
	switch {
	case c.DeadLetters != "" && topic.CheckName(c.DeadLetters) != nil:
		ms.Add("KAFKA_DEAD_LETTER_TOPIC", c.DeadLetters, topic.CheckName(c.DeadLetters))
	case c.DeadLetters == "" && c.Topic == "":
		ms.Add("KAFKA_DEAD_LETTER_TOPIC", "", errors.New("not set, nor is KAFKA_READER_TOPIC; want the name of a topic such as uptimer-events.dead-letter"))
	case c.DeadLetters == "" && topic.CheckName(c.Topic) != nil:
		ms.Add("KAFKA_READER_TOPIC", c.Topic, topic.CheckName(c.Topic))
	}
	ms.Join("", c.ProducerConfig.Validate())
	ms.Join("", c.Config.Validate())
	return ms.Err()
}

// Name is the topic for dead letters that is in force.
func (c LettersConfig) Name() string {
	return Config{Topic: c.Topic, DeadLetters: c.DeadLetters}.deadLetters()
}

// Letter is a dead letter, as its headers describe it. What they do not say is empty.
type Letter struct {
	Topic, Partition, Offset string // where the message came from
	Time                     time.Time
	Reason                   string

	record topic.Record
}

// Letters is a topic for dead letters, for people to look at. It is for one goroutine.
type Letters struct {
	config  LettersConfig
	catalog *events.Catalog
	cluster *topic.Cluster
	client  *kafka.Client
}

// ErrNoLetters is the error of a topic for dead letters that does not exist: there never was one.
var ErrNoLetters = errors.New("there is no such topic")

const (
	// lettersTime bounds a request.
	lettersTime = 10 * time.Second
	// lettersTrouble is how long is tried again what does not work, once the cluster has answered.
	lettersTrouble = 10 * time.Second
)

// OpenLetters looks at the cluster once. Its error is setting.Mistakes, or says why the cluster cannot be reached or
// refuses us. Close ends what it opened.
func OpenLetters(ctx context.Context, c LettersConfig, catalog *events.Catalog) (*Letters, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	cluster, err := topic.Open(c.Config, slog.New(slog.DiscardHandler)) // what goes wrong is an error here
	if err != nil {
		return nil, err
	}
	if err := cluster.Reach(ctx); err != nil {
		cluster.Close()
		return nil, err
	}
	return &Letters{config: c, catalog: catalog, cluster: cluster, client: cluster.Client(c.Name(), lettersTime)}, nil
}

// Close ends all connections.
func (l *Letters) Close() { l.cluster.Close() }

// List shows every letter that lies on the topic when it begins, partition by partition, from the oldest on. Its error
// is ErrNoLetters, what show returned, or why the topic cannot be read.
func (l *Letters) List(ctx context.Context, show func(Letter) error) error {
	return l.each(ctx, func(records []topic.Record) error {
		for _, r := range records {
			if err := show(letterOf(r)); err != nil {
				return err
			}
		}
		return nil
	})
}

// each hands over all letters up to the ends that the partitions have now, a few at a time.
func (l *Letters) each(ctx context.Context, take func([]topic.Record) error) error {
	there, err := l.extents(ctx)
	if err != nil {
		return err
	}
	for _, partition := range slices.Sorted(maps.Keys(there)) {
		if err := l.eachOf(ctx, partition, there[partition], take); err != nil {
			return err
		}
	}
	return nil
}

// extents is where the partitions begin and end.
func (l *Letters) extents(ctx context.Context) (there map[int]topic.Extent, err error) {
	err = stubborn(ctx, func() error {
		n, err := topic.Partitions(ctx, l.client, l.config.Name())
		if errors.Is(err, kafka.UnknownTopicOrPartition) {
			return ErrNoLetters
		}
		partitions := make([]int, n)
		for i := range partitions {
			partitions[i] = i
		}
		if err == nil {
			there, err = topic.Extents(ctx, l.client, l.config.Name(), partitions)
		}
		return err
	})
	return there, l.explained(err)
}

// eachOf is each, for one partition.
func (l *Letters) eachOf(ctx context.Context, partition int, there topic.Extent, take func([]topic.Record) error) error {
	cursor := topic.NewCursor(l.client, l.config.Name(), partition, there.Oldest)
	for cursor.Next < there.End {
		var records []topic.Record
		err := stubborn(ctx, func() (err error) {
			records, err = cursor.Fetch(ctx)
			if errors.Is(err, kafka.OffsetOutOfRange) { // deleted meanwhile
				cursor.Next, err = cursor.Oldest(ctx)
			}
			return err
		})
		if err != nil {
			return l.explained(err)
		}
		later := slices.IndexFunc(records, func(r topic.Record) bool { return r.Offset >= there.End })
		if later >= 0 {
			records = records[:later]
		}
		if err := take(records); err != nil {
			return err
		}
	}
	return nil
}

// explained is an error with what we were doing.
func (l *Letters) explained(err error) error {
	if err == nil || errors.Is(err, ErrNoLetters) || errors.Is(err, context.Canceled) {
		return err
	}
	doing := fmt.Sprintf("reading the topic %q", l.config.Name())
	if refused := topic.PermissionError(doing, err); refused != nil && !errors.Is(err, events.ErrRefused) {
		return refused
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// stubborn does something again until it works, for a while; not what is refused.
func stubborn(ctx context.Context, do func() error) error {
	for began := time.Now(); ; {
		err := do()
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, ErrNoLetters), topic.PermissionError("", err) != nil, time.Since(began) > lettersTrouble:
			return err
		}
		if err := topic.Rest(ctx, again); err != nil {
			return err
		}
	}
}

// letterOf reads the headers. Where one is there more than once, the last is ours.
func letterOf(r topic.Record) Letter {
	l := Letter{Time: r.Time, record: r}
	for _, h := range r.Headers {
		switch h.Key {
		case headerTopic:
			l.Topic = string(h.Value)
		case headerPartition:
			l.Partition = string(h.Value)
		case headerOffset:
			l.Offset = string(h.Value)
		case headerReason:
			l.Reason = string(h.Value)
		}
	}
	return l
}
