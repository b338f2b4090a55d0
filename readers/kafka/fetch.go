package kafka

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

const (
	// A fetch is answered when there is this much, or after this time.
	fetchAtLeast = 64 << 10
	fetchWait    = 250 * time.Millisecond
	// fetchAtMost bounds an answer, before decompression; one batch comes in any case.
	fetchAtMost = 1 << 20
	// patience is how many empty answers in a row say that there is nothing at an offset although the log goes on
	// behind it: compaction leaves batches without messages, which the library does not show us.
	patience = 3
)

// message is one message as it lies on its partition.
type message struct {
	offset  int64
	key     []byte // nil: null
	value   []byte // nil: null
	headers []kafka.Header
}

// cursor is a place in a partition. The library's Reader is not used: it hides holes and lost offsets, and panics on
// topics that were compacted. It is for one goroutine.
type cursor struct {
	client    *kafka.Client
	topic     string
	partition int
	next      int64 // offset of the next message
	empty     int   // empty answers in a row
}

// begin finds the place to begin if there is none yet.
func (c *cursor) begin(ctx context.Context) error {
	if c.next >= 0 {
		return nil
	}
	oldest, err := c.oldest(ctx)
	if err == nil {
		c.next = oldest
	}
	return err
}

// oldest is the offset of the oldest message that is still there.
func (c *cursor) oldest(ctx context.Context) (int64, error) {
	answer, err := c.client.ListOffsets(ctx, &kafka.ListOffsetsRequest{
		Topics: map[string][]kafka.OffsetRequest{c.topic: {kafka.FirstOffsetOf(c.partition)}},
	})
	if err != nil {
		return 0, err
	}
	for _, p := range answer.Topics[c.topic] {
		if p.Partition == c.partition {
			return p.FirstOffset, p.Error
		}
	}
	return 0, errors.New("the broker does not say where the partition begins")
}

// fetch reads what comes next: some messages, or none after a while. They are copies.
func (c *cursor) fetch(ctx context.Context) ([]message, error) {
	answer, err := c.client.Fetch(ctx, &kafka.FetchRequest{
		Topic: c.topic, Partition: c.partition, Offset: c.next,
		MinBytes: fetchAtLeast, MaxBytes: fetchAtMost, MaxWait: fetchWait,
	})
	if err == nil {
		err = answer.Error
	}
	if err != nil {
		return nil, err
	}
	before := c.next
	messages, err := c.read(answer.Records)
	if err != nil {
		c.next = before
		return nil, err
	}
	if c.next > before || c.next >= answer.HighWatermark {
		c.empty = 0
	} else if c.empty++; c.empty >= patience {
		c.empty = 0
		c.next++
	}
	return messages, nil
}

// read takes the messages out of an answer. The marks that transactions leave are passed over.
func (c *cursor) read(records kafka.RecordReader) (messages []message, err error) {
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
			if m.offset < c.next {
				continue // a batch may begin before the offset that was asked for
			}
			c.next = m.offset + 1
			if !mark {
				messages = append(messages, m)
			}
		}
	}
	return messages, nil
}

// copied copies a record, whose memory the library uses again.
func copied(r *kafka.Record) (m message, err error) {
	m.offset = r.Offset
	if m.key, err = contents(r.Key); err != nil {
		return m, err
	}
	if m.value, err = contents(r.Value); err != nil {
		return m, err
	}
	m.headers = r.Headers
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
