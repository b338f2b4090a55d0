package topic

import (
	"time"

	"github.com/google/uuid"
	"github.com/segmentio/kafka-go"

	"github.com/uptimer/uptimer/events"
)

// Header is one header of a message.
type Header = kafka.Header

// Message is what is to be put on a topic. A nil Key or Value is null.
type Message struct {
	// ID tells messages apart when some of them are given to a Producer again. The zero ID is nobody's.
	ID      uuid.UUID
	Key     []byte
	Value   []byte
	Headers []Header
	Time    time.Time
}

var contentType = Header{Key: "content-type", Value: []byte("application/json")}

// Lay is how an event lies on a topic: its key is the id of its target as text, or null if it is about none; its
// value is its JSON.
func Lay(e events.Event) Message {
	m := Message{
		ID: e.ID(), Value: e.JSON(), Time: e.Time(),
		Headers: []Header{
			{Key: "schema_title", Value: []byte(e.Title())},
			{Key: "schema_version", Value: []byte(e.Version())},
			contentType,
		},
	}
	if e.Key() != "" {
		m.Key = []byte(e.Key())
	}
	return m
}

// size is how many bytes the message takes on the topic, before it is compressed, and a little more.
func (m Message) size() int {
	size := len(m.Key) + len(m.Value) + recordOverhead
	for _, h := range m.Headers {
		size += len(h.Key) + len(h.Value) + headerOverhead
	}
	return size
}

// What is around a record and a header at most: lengths, deltas of offset and time.
const (
	recordOverhead = 32
	headerOverhead = 10
)
