package topic

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"time"

	"github.com/segmentio/kafka-go/protocol"
)

// Where the fields of a record batch (version 2, "magic byte 2" in Kafka's documentation of the message format) are.
// The library writes -1 into the three of the producer; they are ours to fill in.
const (
	atChecksum      = 17 // 4 bytes: CRC-32C of everything from atAttributes on
	atAttributes    = 21
	atProducerID    = 43 // 8 bytes
	atProducerEpoch = 51 // 2 bytes
	atBaseSequence  = 53 // 4 bytes
	batchHeader     = 61

	sizePrefix = 4 // the library writes the length before the batch
)

// producerID is what a broker calls a producer. With it and the sequence number of a batch, a broker recognises a
// batch that it has already, and does not store it again.
type producerID struct {
	id    int64
	epoch int16
}

// encode makes a batch of messages, as it goes over the wire with its length before it, for sequence numbers from
// sequence on. All of its bytes stay the same however often it is sent.
func encode(messages []Message, c Compression, by producerID, sequence int32) ([]byte, error) {
	records := make([]protocol.Record, len(messages))
	for i, m := range messages {
		records[i] = protocol.Record{Time: written(m.Time), Key: null(m.Key), Value: null(m.Value), Headers: m.Headers}
	}
	set := protocol.RecordSet{
		Version: 2, Attributes: protocol.Attributes(c), Records: protocol.NewRecordReader(records...),
	}
	var out bytes.Buffer
	if _, err := set.WriteTo(&out); err != nil {
		return nil, fmt.Errorf("encoding a batch of %d messages: %w", len(messages), err)
	}
	batch := out.Bytes()[sizePrefix:]
	if len(batch) < batchHeader {
		return nil, fmt.Errorf("encoding a batch of %d messages: only %d bytes came out", len(messages), len(batch))
	}
	sign(batch, by, sequence)
	return out.Bytes(), nil
}

// dated tells whether the library can write a time down: it counts nanoseconds since 1970 in 64 bits, and would make
// another century of what does not fit.
func dated(t time.Time) bool { return t.Year() > 1677 && t.Year() < 2262 }

// written is the time as the library is to be told it: to it, the first millisecond of 1970 is no time at all, and it
// would write down the present one. The next millisecond is nearer.
func written(t time.Time) time.Time {
	if !t.IsZero() && t.UnixNano()/int64(time.Millisecond) == 0 {
		return time.UnixMilli(1)
	}
	return t
}

// null makes the library's bytes; nil becomes null and not an empty value.
func null(b []byte) protocol.Bytes {
	if b == nil {
		return nil
	}
	return protocol.NewBytes(b)
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sign writes into a batch who sends it, and makes its checksum anew.
func sign(batch []byte, by producerID, sequence int32) {
	binary.BigEndian.PutUint64(batch[atProducerID:], uint64(by.id))
	binary.BigEndian.PutUint16(batch[atProducerEpoch:], uint16(by.epoch))
	binary.BigEndian.PutUint32(batch[atBaseSequence:], uint32(sequence))
	binary.BigEndian.PutUint32(batch[atChecksum:], crc32.Checksum(batch[atAttributes:], castagnoli))
}

// after is the sequence number after count messages from sequence on. They go round at 2³¹.
func after(sequence int32, count int) int32 {
	return int32((int64(sequence) + int64(count)) & 0x7fffffff)
}
