package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/events/plugin"
	"github.com/uptimer/uptimer/events/topic"
	"github.com/uptimer/uptimer/internal/lasting"
)

// The headers of a dead letter that tell where it came from and why, and that it was cut.
const (
	headerPrefix    = "dead-letter-"
	headerReason    = headerPrefix + "reason"
	headerTopic     = headerPrefix + "topic"
	headerPartition = headerPrefix + "partition"
	headerOffset    = headerPrefix + "offset"
	headerTruncated = headerPrefix + "truncated"
)

// burial is a message that is no valid event, or that can never be stored, and why.
type burial struct {
	topic.Record
	partition int
	reason    error
}

const (
	// letterBytes is how long the value of a dead letter is at most before it is cut, and reasonBytes its reason.
	letterBytes = 900_000
	reasonBytes = 4096
	// lastWords is how long dead letters are still tried to be written when nothing more is read. They are not lost:
	// without them nothing is committed.
	lastWords = 2 * time.Second
	// silence is how long there must be no dead letter until the log says that there are none any more.
	silence = time.Minute
	// buryAgain is the pause after one that could not be written.
	buryAgain = 500 * time.Millisecond
)

// grave is the topic for dead letters. The topic is created when there is something to put there.
type grave struct {
	source   string // the topic that the messages come from
	producer *topic.Producer
	observer plugin.Observer
	closed   lasting.Fault
	buried   lasting.Fault

	mu sync.Mutex // one at a time
}

func newGrave(r *Reader, c *topic.Cluster) *grave {
	log := r.log.With("dead_letter_topic", r.config.deadLetters())
	return &grave{
		source:   r.config.Topic,
		observer: r.observer,
		producer: topic.NewProducer(c, r.config.deadLetters(), r.config.ProducerConfig, topic.ForDeadLetters()),
		closed: lasting.Fault{
			Log: log, Level: slog.LevelError,
			Began: "dead letters cannot be written; waiting, and reading no further than that", Ended: "dead letters are written again",
		},
		buried: lasting.Fault{
			Log: log, Level: slog.LevelWarn,
			Began: "messages that are no valid events, or cannot be stored, become dead letters", Ended: "no dead letters any more",
		},
	}
}

// bury returns nil when all letters are stored. Until then it waits and says so, at most until ctx ends, or a little
// longer than reading.
func (g *grave) bury(ctx, reading context.Context, letters []burial) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(reading, func() { time.AfterFunc(lastWords, cancel) })()

	for _, l := range letters {
		g.buried.Happened("partition", l.partition, "offset", l.Offset, "reason", l.reason)
	}
	for len(letters) > 0 {
		n := min(len(letters), lettersAtOnce)
		if err := g.buryAll(ctx, letters[:n]); err != nil {
			return err
		}
		g.observer.DeadLetters(n)
		letters = letters[n:]
	}
	return nil
}

// lettersAtOnce bounds the memory of copies.
const lettersAtOnce = 100

// buryAll stores some letters, whatever it takes. Those that the broker will not take as they are, are cut.
func (g *grave) buryAll(ctx context.Context, letters []burial) error {
	room := make([]int, len(letters))
	for i := range room {
		room[i] = letterBytes
	}
	for {
		var messages []topic.Message
		for i, l := range letters {
			messages = append(messages, g.letter(l, room[i]))
		}
		rejected, err := g.producer.Produce(ctx, messages)
		switch {
		case err == nil && len(rejected) == 0:
			g.closed.Over()
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		}
		if err == nil {
			letters, room, err = shrink(letters, room, rejected)
		}
		if err != nil {
			g.closed.Happened("error", err)
			if err := topic.Rest(ctx, buryAgain); err != nil {
				return err
			}
		}
	}
}

// shrink leaves the letters that were rejected, with half the room. When one has none left, not even its key and its
// headers, the error says that the broker takes nothing.
func shrink(letters []burial, room []int, rejected []events.Rejection) (rest []burial, less []int, err error) {
	for _, r := range rejected {
		left := room[r.Index] / 2
		if room[r.Index] < 0 {
			left = room[r.Index]
			err = errors.Join(err, fmt.Errorf("offset %d of partition %d: %w", letters[r.Index].Offset, letters[r.Index].partition, r.Reason))
		} else if left == 0 {
			left = bare
		}
		rest, less = append(rest, letters[r.Index]), append(less, left)
	}
	return rest, less, err
}

// bare is the room of a letter that loses even its key and its headers.
const bare = -1

// letter is what is put on the topic: key, value and headers as they were, and where it comes from and why. What does
// not fit into room is cut off.
func (g *grave) letter(l burial, room int) topic.Message {
	m := topic.Message{Key: l.Key, Value: l.Value, Time: time.Now()}
	m.ID = uuid.NewSHA1(uuid.Nil, fmt.Appendf(nil, "%s/%d/%d", g.source, l.partition, l.Offset))
	truncated := false
	if room >= 0 {
		m.Headers = append(m.Headers, l.Headers...)
	} else {
		room, m.Key, truncated = 0, nil, true
	}
	if len(m.Value) > room {
		m.Value, truncated = m.Value[:room], true
	}
	reason := l.reason.Error()
	reason = strings.ToValidUTF8(reason[:min(len(reason), reasonBytes)], "") // a character may have been cut in two
	m.Headers = append(m.Headers,
		header(headerReason, reason),
		header(headerTopic, g.source),
		header(headerPartition, strconv.Itoa(l.partition)),
		header(headerOffset, strconv.FormatInt(l.Offset, 10)))
	if truncated {
		m.Headers = append(m.Headers, header(headerTruncated, strconv.Itoa(len(l.Value))))
	}
	return m
}

func header(key, value string) topic.Header { return topic.Header{Key: key, Value: []byte(value)} }
