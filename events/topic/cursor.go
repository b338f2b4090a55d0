package topic

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

const (
	// fetchWait is how long a broker may wait for more than it has.
	fetchWait = 250 * time.Millisecond
	// patience is how many empty answers in a row say that there is nothing at an offset although the log goes on
	// behind it: compaction leaves batches without messages, which the library does not show us.
	patience = 3
)

// Record is one message as it lies on its partition.
type Record struct {
	Offset  int64
	Time    time.Time
	Key     []byte // nil: null
	Value   []byte // nil: null
	Headers []Header
}

// Cursor is a place in a partition, to read from. The library's Reader is not used: it hides holes and lost offsets,
// and panics on topics that were compacted. A Cursor is for one goroutine.
type Cursor struct {
	// Next is the offset of the next message; below zero: that of the oldest one, as Begin will find it.
	Next int64
	// AtLeast is for how many bytes a broker waits, a quarter of a second at most, before it answers.
	AtLeast int64
	// AtMost is how many bytes an answer has at most, before decompression; one batch comes in any case.
	AtMost int64

	client    *kafka.Client
	topic     string
	partition int
	empty     int // empty answers in a row
}

// NewCursor makes a cursor at an offset. The client is one of Cluster.Client for that topic.
func NewCursor(client *kafka.Client, topic string, partition int, next int64) Cursor {
	return Cursor{Next: next, AtLeast: 1, AtMost: 1 << 20, client: client, topic: topic, partition: partition}
}

// Begin finds the place to begin if there is none yet.
func (c *Cursor) Begin(ctx context.Context) error {
	if c.Next >= 0 {
		return nil
	}
	oldest, err := c.Oldest(ctx)
	if err == nil {
		c.Next = oldest
	}
	return err
}

// Oldest is the offset of the oldest message that is still there.
func (c *Cursor) Oldest(ctx context.Context) (int64, error) {
	there, err := Extents(ctx, c.client, c.topic, []int{c.partition})
	return there[c.partition].Oldest, err
}

// Extent is which messages a partition holds: those from the offset Oldest on, before End.
type Extent struct{ Oldest, End int64 }

// Extents asks for the extents of some partitions of a topic. End is the high watermark: what all replicas in sync have.
func Extents(ctx context.Context, client *kafka.Client, topic string, partitions []int) (map[int]Extent, error) {
	var wanted []kafka.OffsetRequest
	for _, p := range partitions {
		wanted = append(wanted, kafka.FirstOffsetOf(p), kafka.LastOffsetOf(p))
	}
	answer, err := client.ListOffsets(ctx, &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{topic: wanted}})
	if err != nil {
		return nil, plainer(err)
	}
	there := map[int]Extent{}
	for _, p := range answer.Topics[topic] {
		if p.Error != nil {
			return nil, fmt.Errorf("partition %d: %w", p.Partition, p.Error)
		}
		there[p.Partition] = Extent{p.FirstOffset, p.LastOffset}
	}
	return there, nil
}

// Fetch reads what comes next: some messages, or none after a while. They are copies.
func (c *Cursor) Fetch(ctx context.Context) ([]Record, error) {
	answer, err := c.client.Fetch(ctx, &kafka.FetchRequest{
		Topic: c.topic, Partition: c.partition, Offset: c.Next,
		MinBytes: c.AtLeast, MaxBytes: c.AtMost, MaxWait: fetchWait,
	})
	if err == nil {
		err = answer.Error
	}
	if err != nil {
		return nil, plainer(err)
	}
	before := c.Next
	messages, err := c.read(answer.Records)
	if err != nil {
		c.Next = before
		return nil, err
	}
	if c.Next > before || c.Next >= answer.HighWatermark {
		c.empty = 0
	} else if c.empty++; c.empty >= patience {
		c.empty = 0
		c.Next++
	}
	return messages, nil
}

// read takes the messages out of an answer. The marks that transactions leave are passed over.
func (c *Cursor) read(records kafka.RecordReader) (messages []Record, err error) {
	stream, ok := records.(*protocol.RecordStream)
	if !ok {
		return nil, nil // an empty answer
	}
	for _, batch := range stream.Records {
		_, mark := batch.(*protocol.ControlBatch)
		for {
			record, err := batch.ReadRecord()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return nil, err
			}
			m, err := copied(record)
			if err != nil {
				return nil, err
			}
			if m.Offset < c.Next {
				continue // a batch may begin before the offset that was asked for
			}
			c.Next = m.Offset + 1
			if !mark {
				messages = append(messages, m)
			}
		}
	}
	return messages, nil
}

// copied copies a record, whose memory the library uses again.
func copied(r *kafka.Record) (m Record, err error) {
	m.Offset = r.Offset
	if m.Key, err = contents(r.Key); err != nil {
		return m, err
	}
	if m.Value, err = contents(r.Value); err != nil {
		return m, err
	}
	m.Headers, m.Time = r.Headers, r.Time
	return m, nil
}

// contents reads and closes a key or a value. Null is nil, empty is not.
func contents(b kafka.Bytes) ([]byte, error) {
	if b == nil {
		return nil, nil
	}
	defer b.Close()
	return protocol.ReadAll(b)
}
