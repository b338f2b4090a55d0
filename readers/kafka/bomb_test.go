package kafka

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"

	"github.com/uptimer/uptimer/events/eventstest"
	"github.com/uptimer/uptimer/events/topic/topictest"
	"github.com/uptimer/uptimer/internal/unhurried"
)

// bomb is a batch of one message of zeros that is small on the wire.
func bomb(t *testing.T, size int) []byte {
	t.Helper()
	var record []byte
	record = append(record, 0, 0, 0, 1)                         // attributes, deltas, no key
	record = binary.AppendVarint(record, int64(size))           // value
	head := binary.AppendVarint(nil, int64(len(record)+size+1)) // and the number of headers
	var packed bytes.Buffer
	w, _ := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
	_, _ = w.Write(append(head, record...))
	zeros := make([]byte, 1<<20)
	for left := size; left > 0; left -= len(zeros) {
		_, _ = w.Write(zeros[:min(left, len(zeros))])
	}
	_, _ = w.Write([]byte{0})
	_ = w.Close()

	batch := make([]byte, 61, 61+packed.Len())
	binary.BigEndian.PutUint32(batch[8:], uint32(61-12+packed.Len()))
	batch[16] = 2
	binary.BigEndian.PutUint16(batch[21:], uint16(protocol.Gzip))
	for i := 43; i < 57; i++ {
		batch[i] = 0xff // no producer
	}
	binary.BigEndian.PutUint32(batch[57:], 1)
	batch = append(batch, packed.Bytes()...)
	binary.BigEndian.PutUint32(batch[17:], crc32.Checksum(batch[21:], crc32.MakeTable(crc32.Castagnoli)))
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(batch))), batch...)
}

// If this failed, whoever may write to the topic could end uptimer with one message, again after each restart, or stop
// the partitions beside it. (Seen to fail without the limit: it becomes a dead letter.)
func TestABatchThatBecomesHugeIsNotRead(t *testing.T) {
	t.Parallel()
	s := newSource(t, 2)
	list := eventstest.Dummies(t, 3)
	s.put(0, list[0])
	answer, err := s.client.RawProduce(t.Context(), &kafka.RawProduceRequest{
		Topic: "events", Partition: 0, RequiredAcks: kafka.RequireAll,
		RawRecords: protocol.RawRecordSet{Reader: bytes.NewReader(bomb(t, 65<<20))},
	})
	if err != nil || answer.Error != nil {
		t.Fatal(err, answer)
	}
	s.put(0, list[1])
	var log topictest.Log
	var kept store
	p := start(t, s.reader(&log), kept.emit)
	unhurried.Until(t, "the log names it", func() bool {
		return strings.Contains(log.String(), "partition=0 offset=1 ") && strings.Contains(log.String(), "larger than 64 MiB when it is decompressed")
	})
	s.put(1, list[2])
	unhurried.Until(t, "the rest is stored", func() bool { return kept.has(list) == 2 })
	unhurried.Until(t, "what is before it is committed", func() bool { return s.committed(0) == 1 })
	p.end()
	if strings.Count(log.String(), "larger than") != 1 {
		t.Errorf("the log says\n%s", log.String())
	}
}
