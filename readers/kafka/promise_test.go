package kafka

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/segmentio/kafka-go"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/events/eventstest"
	"github.com/uptimer/uptimer/events/topic"
	"github.com/uptimer/uptimer/events/topic/topictest"
	"github.com/uptimer/uptimer/internal/unhurried"
)

// If this failed, a defect downstream would cost events: what emit was given when its goroutine ended would be
// committed as if it were stored. (Seen to fail when a flight's error is nil until emit has returned.)
func TestAnEmitThatNeverReturnsIsNotCommitted(t *testing.T) {
	t.Parallel()
	s := newSource(t, 1)
	s.put(0, eventstest.Dummies(t, 10)...)
	p := start(t, s.reader(nil), func(context.Context, []events.Event) ([]events.Rejection, error) {
		runtime.Goexit() // as a panic does, all deferred calls are made
		return nil, nil
	})
	if err := p.ended(); !errors.Is(err, errNotReturned) {
		t.Errorf("Read: %v, want %v", err, errNotReturned)
	}
	if s.committed(0) > 0 {
		t.Errorf("offset %d is committed, but nothing is stored", s.committed(0))
	}
}

// If this failed, what lies behind a batch that was not stored would be committed, and with it that batch: it would
// be read by nobody again. (Seen to fail when settle forgets that something before was not safe.)
func TestNothingIsCommittedBehindABatchThatFailed(t *testing.T) {
	t.Parallel()
	s := newSource(t, 1)
	for range 6 {
		s.put(0, eventstest.Dummies(t, 1000)...)
	}
	var batches, returned atomic.Int64
	failed := errors.New("the third batch is lost")
	p := start(t, s.reader(nil), func(ctx context.Context, batch []events.Event) ([]events.Rejection, error) {
		n := batches.Add(1)
		events.Queued(ctx)
		if n != 3 {
			returned.Add(1)
			return nil, nil
		}
		for returned.Load() < 5 && ctx.Err() == nil { // all behind it are stored before it fails
			time.Sleep(time.Millisecond)
		}
		return nil, failed
	})
	if err := p.ended(); !errors.Is(err, failed) {
		t.Errorf("Read: %v, want %v", err, failed)
	}
	if at := s.committed(0); at > 2*flightMessages {
		t.Errorf("offset %d is committed, want at most %d: the third batch is not stored", at, 2*flightMessages)
	}
}

// If this failed, programs that want text would choke on the reason of a dead letter.
func TestALongReasonIsCutBetweenCharacters(t *testing.T) {
	t.Parallel()
	g := grave{source: "events"}
	for shift := range 4 {
		reason := strings.Repeat("x", shift) + strings.Repeat("€", reasonBytes)
		m := g.letter(burial{topic.Record{}, 0, errors.New(reason)}, letterBytes)
		got := header1(kafka.Message{Headers: m.Headers}, "dead-letter-reason")
		if !utf8.ValidString(got) || len(got) > reasonBytes || len(got) < reasonBytes-3 || !strings.HasPrefix(reason, got) {
			t.Errorf("%d bytes, valid UTF-8: %v", len(got), utf8.ValidString(got))
		}
	}
}

// If this failed, log lines would have a field twice, which some programs refuse to read. (Seen to fail when the
// cluster gets the log that names the topic.)
func TestNoLogLineHasAFieldTwice(t *testing.T) {
	t.Parallel()
	s := newSource(t, 1)
	var log topictest.Log
	topictest.Put(t, s.client, "events", 0, kafka.Message{Value: []byte("poison")})
	p := start(t, s.reader(&log, "KAFKA_READER_TOPIC=later"), new(store).emit)
	unhurried.Until(t, "the log names it", func() bool { return strings.Contains(log.String(), "there is no topic") })
	p.end()
	p = start(t, s.reader(&log), new(store).emit)
	unhurried.Until(t, "it is committed", func() bool { return s.committed(0) == 1 })
	p.end()
	for line := range strings.Lines(log.String()) {
		if strings.Count(line, " topic=") > 1 {
			t.Error(line)
		}
	}
	if !strings.Contains(log.String(), "a topic was created") {
		t.Error("nothing was created, so this test sees nothing")
	}
}
