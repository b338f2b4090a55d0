package topic

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"

	"github.com/uptimer/uptimer/events"
)

// lane is what is known of one partition from one Produce to the next: one batch at a time is on its way there.
type lane struct {
	*Producer
	partition int
	by        producerID // zero before the first batch
	sequence  int32      // of the next batch
	pending   *batch     // sent, but its answer is not known
	doubtful  bool       // the broker may have stored messages under numbers that come next
}

// batch is some messages, encoded. It may not change before its fate is known.
type batch struct {
	bytes    []byte
	messages []Message
	ids      []uuid.UUID // those that the messages have
	sequence int32
	tries    int
}

// load is what one Produce sends to a partition, and what came of it.
type load struct {
	*lane
	part
	onTheWay part // what was asked for again while it is in the pending batch

	done     []uuid.UUID // stored
	rejected []events.Rejection
	err      error
}

// part is some of the messages that Produce was given.
type part struct {
	messages []Message
	index    []int // of each message
}

func (p *part) add(m Message, index int) {
	p.messages, p.index = append(p.messages, m), append(p.index, index)
}

// send sends all, batch after batch. What an earlier Produce has left on its way comes first: so the broker sees
// the numbers in order.
func (l *load) send(ctx context.Context) error {
	if l.pending != nil {
		reason, err := l.settle(ctx)
		if err != nil {
			return err
		}
		if reason != nil { // so it is not stored, and what is still asked for is sent in other batches
			l.messages = append(l.onTheWay.messages, l.messages...)
			l.index = append(l.onTheWay.index, l.index...)
		}
	}
	for at := 0; at < len(l.messages); {
		n := fitting(l.messages[at:])
		if err := l.sendPart(ctx, at, at+n); err != nil {
			return err
		}
		at += n
	}
	return nil
}

// fitting is how many of the messages make one batch: at least one.
func fitting(messages []Message) int {
	bytes := 0
	for i, m := range messages {
		if bytes += m.size(); i > 0 && (bytes > batchBytes || i == batchMessages) {
			return i
		}
	}
	return len(messages)
}

// sendPart sends the messages from first up to end. If the broker can never take them together, halves are sent,
// until what is refused is one message alone.
func (l *load) sendPart(ctx context.Context, first, end int) error {
	if err := l.prepare(ctx, l.messages[first:end]); err != nil {
		return err
	}
	reason, err := l.settle(ctx)
	switch {
	case err != nil || reason == nil:
		return err
	case end-first == 1:
		l.rejected = append(l.rejected, events.Rejection{Index: l.index[first], Reason: reason})
		return nil
	}
	middle := (first + end) / 2
	if err := l.sendPart(ctx, first, middle); err != nil {
		return err
	}
	return l.sendPart(ctx, middle, end)
}

// prepare makes a batch that is to be sent.
func (l *lane) prepare(ctx context.Context, messages []Message) (err error) {
	switch {
	case l.doubtful:
		if l.by, err = l.name(ctx); err != nil {
			return err
		}
		l.doubtful, l.sequence = false, 0
	case l.by == (producerID{}):
		if l.by, err = l.named(ctx); err != nil {
			return err
		}
	}
	b := &batch{messages: messages, sequence: l.sequence}
	if b.bytes, err = encode(messages, l.config.Compression, l.by, l.sequence); err != nil {
		return err
	}
	for _, m := range messages {
		if m.ID != uuid.Nil {
			b.ids = append(b.ids, m.ID)
		}
	}
	l.pending = b
	return nil
}

const (
	// firstPause and lastPause are how long is rested before a batch is sent again.
	firstPause = 50 * time.Millisecond
	lastPause  = 500 * time.Millisecond
	// quietly is how long a batch is sent again without a word. Leaders move, and that takes a second or two.
	quietly = 4 * time.Second
)

// settle sends the pending batch until its fate is known: it is stored, or it can never be (reason). The error says
// that neither is known yet; then the batch stays pending.
func (l *load) settle(ctx context.Context) (reason, err error) {
	began, pause := time.Now(), firstPause
	for {
		err := l.try(ctx)
		switch {
		case err == nil || errors.Is(err, kafka.DuplicateSequenceNumber): // the broker has it already
			l.sequence = after(l.pending.sequence, len(l.pending.messages))
			l.done = append(l.done, l.pending.ids...)
			l.pending = nil
			return nil, nil
		case unfit(err):
			// A batch that was sent before may be stored all the same, if what the topic takes has changed since. The
			// next one under its numbers would be taken for its copy, and lost.
			l.doubtful = l.doubtful || l.pending.tries > 1
			l.pending = nil
			return err, nil
		case forgotten(err):
			err = errors.Join(err, l.rename(ctx))
		}
		if ctx.Err() != nil || time.Since(began) >= l.quietly {
			return nil, fmt.Errorf("partition %d: %w", l.partition, err)
		}
		if err := Rest(ctx, pause); err != nil {
			return nil, fmt.Errorf("partition %d: %w", l.partition, err)
		}
		pause = min(2*pause, lastPause)
	}
}

// try sends the pending batch once.
func (l *lane) try(ctx context.Context) error {
	l.pending.tries++
	answer, err := l.client.RawProduce(ctx, &kafka.RawProduceRequest{
		Topic: l.topic, Partition: l.partition,
		// Without all, which is not the default, a message that only a dead leader had would be lost.
		RequiredAcks: kafka.RequireAll,
		RawRecords:   protocol.RawRecordSet{Reader: bytes.NewReader(l.pending.bytes)},
	})
	if err == nil {
		err = answer.Error
	}
	return plainer(err)
}

// unfit tells whether the broker will never store this batch, because of what is in it.
func unfit(err error) bool {
	for _, code := range []kafka.Error{
		kafka.MessageSizeTooLarge, kafka.RecordListTooLarge, kafka.InvalidTimestamp, kafka.InvalidRecord,
	} {
		if errors.Is(err, code) {
			return true
		}
	}
	return false
}

// forgotten tells whether the broker does not know our numbers any more: it has lost what it knew of us, or all
// that we wrote was deleted in the meantime.
func forgotten(err error) bool {
	for _, code := range []kafka.Error{kafka.OutOfOrderSequenceNumber, kafka.UnknownProducerId, kafka.InvalidProducerEpoch} {
		if errors.Is(err, code) {
			return true
		}
	}
	return false
}

// rename makes this partition's numbers begin anew under another name. Whether the pending batch is stored under
// the old one is not known: here, and only here, can a message be stored twice.
func (l *lane) rename(ctx context.Context) error {
	by, err := l.name(ctx)
	if err != nil {
		return err
	}
	raw, err := encode(l.pending.messages, l.config.Compression, by, 0)
	if err != nil {
		return err
	}
	l.by, l.pending.bytes, l.pending.sequence = by, raw, 0
	return nil
}
