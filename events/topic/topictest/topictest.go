// Package topictest is for tests: brokers within the test's process, and a look at what lies on their topics.
package topictest

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/uptimer/uptimer/internal/unhurried"
)

// Brokers starts brokers within the process, three unless opts say otherwise, which end with the test. They are a
// stand-in: their error texts differ from those of real ones.
func Brokers(t testing.TB, opts ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(append([]kfake.Opt{kfake.GroupMinSessionTimeout(time.Second)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// Patience is how long what should happen soon may take.
const Patience = unhurried.Patience

// Client makes a client to the brokers at an address, which ends with the test.
func Client(t testing.TB, brokers ...string) *kafka.Client {
	t.Helper()
	transport := &kafka.Transport{MetadataTTL: 200 * time.Millisecond}
	t.Cleanup(transport.CloseIdleConnections)
	return &kafka.Client{Addr: kafka.TCP(brokers...), Timeout: Patience, Transport: transport}
}

// Stubborn does again what a broker, or the client that does not know its brokers yet, could not do at the moment. It
// fails the test if that lasts.
func Stubborn(t testing.TB, do func() error) {
	t.Helper()
	for end := time.Now().Add(Patience); ; time.Sleep(50 * time.Millisecond) {
		err := do()
		if err == nil {
			return
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
	}
}

// Create makes a topic, which must not be there yet.
func Create(t testing.TB, client *kafka.Client, topic string, partitions int) {
	t.Helper()
	failed := false
	Stubborn(t, func() error {
		answer, err := client.CreateTopics(context.Background(), &kafka.CreateTopicsRequest{
			Topics: []kafka.TopicConfig{{
				Topic: topic, NumPartitions: partitions, ReplicationFactor: 1,
				ConfigEntries: []kafka.ConfigEntry{{ConfigName: "retention.ms", ConfigValue: "-1"}}, // tests put old messages, too
			}},
		})
		if err == nil {
			err = answer.Errors[topic]
		}
		if exists := errors.Is(err, kafka.TopicAlreadyExists); exists && failed {
			return nil // the try before was better than its answer
		} else if exists {
			t.Fatal(err)
		}
		failed = err != nil
		return err
	})
}

// Put puts messages on a partition of a topic.
func Put(t testing.TB, client *kafka.Client, topic string, partition int, messages ...kafka.Message) {
	t.Helper()
	Stubborn(t, func() error {
		records := make([]kafka.Record, len(messages)) // anew: a try that fails has read the values
		for i, m := range messages {
			records[i] = kafka.Record{Key: bytes(m.Key), Value: bytes(m.Value), Headers: m.Headers, Time: m.Time}
		}
		answer, err := client.Produce(context.Background(), &kafka.ProduceRequest{
			Topic: topic, Partition: partition, RequiredAcks: kafka.RequireAll, Records: kafka.NewRecordReader(records...),
		})
		if err == nil {
			err = answer.Error
		}
		return err
	})
}

func bytes(b []byte) kafka.Bytes {
	if b == nil {
		return nil
	}
	return kafka.NewBytes(b)
}

// Messages is what lies on a topic, partition by partition; nothing if it does not exist.
func Messages(t testing.TB, client *kafka.Client, topic string) (all []kafka.Message) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	time.Sleep(300 * time.Millisecond) // what the client knows of a new topic is as old as that
	var answer *kafka.MetadataResponse
	Stubborn(t, func() (err error) {
		answer, err = client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{topic}})
		return err
	})
	for _, p := range answer.Topics[0].Partitions {
		all = append(all, partition(ctx, t, client, topic, p.ID)...)
	}
	return all
}

func partition(ctx context.Context, t testing.TB, client *kafka.Client, topic string, id int) (all []kafka.Message) {
	t.Helper()
	for next := int64(0); ; {
		answer, err := client.Fetch(ctx, &kafka.FetchRequest{
			Topic: topic, Partition: id, Offset: next, MinBytes: 1, MaxBytes: 10 << 20, MaxWait: 100 * time.Millisecond,
		})
		if err == nil {
			err = answer.Error
		}
		if err != nil && ctx.Err() == nil {
			time.Sleep(50 * time.Millisecond)
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		for {
			r, err := answer.Records.ReadRecord()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			m := kafka.Message{Topic: topic, Partition: id, Offset: r.Offset, Headers: r.Headers, Time: r.Time}
			if m.Key, err = protocol.ReadAll(r.Key); err == nil {
				m.Value, err = protocol.ReadAll(r.Value)
			}
			if err != nil {
				t.Fatal(err)
			}
			if r.Offset >= next {
				all, next = append(all, m), r.Offset+1
			}
		}
		if next >= answer.HighWatermark {
			return all
		}
	}
}

// Log is a log that a test can look at.
type Log struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write takes a line.
func (l *Log) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

// Logger writes to the log.
func (l *Log) Logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// String is all of it.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
