package kafka

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/uptimer/uptimer/events/eventstest"
	"github.com/uptimer/uptimer/events/plugin"
	"github.com/uptimer/uptimer/events/topic/topictest"
)

// openLetters opens the topic "events" of a source as one for dead letters.
func (s *source) openLetters() *Letters {
	s.t.Helper()
	var c LettersConfig
	env := plugin.NewEnvironment([]string{"KAFKA_BOOTSTRAP_SERVER=" + s.brokers.ListenAddrs()[0], "KAFKA_DEAD_LETTER_TOPIC=events"})
	if err := plugin.Load(env, &c); err != nil {
		s.t.Fatal(err)
	}
	l, err := OpenLetters(s.t.Context(), c, eventstest.Catalog(s.t))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(l.Close)
	return l
}

// within is a context for what must end by itself.
func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), topictest.Patience)
	t.Cleanup(cancel)
	return ctx
}

// If this failed, the list would never end on a topic that others write to, or on one with holes: what transactions
// leave behind, and what was deleted. (Seen to fail without the ends that are looked up at the start.)
func TestTheListEndsWhereTheTopicEndedAtItsStart(t *testing.T) {
	t.Parallel()
	s := newSource(t, 3)
	letter := func(offset string) kafka.Message {
		return kafka.Message{Headers: []kafka.Header{{Key: headerOffset, Value: []byte("0")}, {Key: headerOffset, Value: []byte(offset)}}}
	}
	topictest.Put(t, s.client, "events", 0, letter("first"), letter("second"))
	s.transaction(kgo.TryCommit, eventstest.Dummies(t, 1)) // its mark is the last on the partition
	topictest.Put(t, s.client, "events", 1, letter("deleted"), letter("third"))
	if err := s.brokers.DeleteRecords("events", 1, 1); err != nil {
		t.Fatal(err)
	}
	var got []string
	err := s.openLetters().List(within(t), func(l Letter) error {
		got = append(got, l.Offset)
		topictest.Put(t, s.client, "events", 0, letter("later"))
		topictest.Put(t, s.client, "events", 1, letter("later"))
		return nil
	})
	if want := []string{"first", "second", "", "third"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

// If this failed, what lies between the look at the topic and the reading would end the list with an error.
func TestLettersThatAreDeletedMeanwhile(t *testing.T) {
	t.Parallel()
	s := newSource(t, 2)
	for range 3 {
		s.put(0, eventstest.Dummies(t, 1)...)
		s.put(1, eventstest.Dummies(t, 1)...)
	}
	n := 0
	err := s.openLetters().List(within(t), func(Letter) error {
		if n++; n == 1 {
			return s.brokers.DeleteRecords("events", 1, 2)
		}
		return nil
	})
	if err != nil || n != 4 {
		t.Errorf("%d letters, %v, want the 3 of one partition and the last of the other", n, err)
	}
}

// If this failed, an answer that says nothing would be taken for an empty topic, or a person would wait for ever.
func TestTroubleWithLettersIsAnError(t *testing.T) {
	t.Parallel()
	s := newSource(t, 1)
	s.put(0, eventstest.Dummies(t, 1)...)
	stopped := errors.New("enough")
	if err := s.openLetters().List(within(t), func(Letter) error { return stopped }); !errors.Is(err, stopped) {
		t.Errorf("List: %v, want %v", err, stopped)
	}
	l := s.openLetters()
	s.brokers.Close()
	began := time.Now()
	err := l.List(within(t), func(Letter) error { return nil })
	if took := time.Since(began); err == nil || errors.Is(err, ErrNoLetters) || took < lettersTrouble {
		t.Errorf("with the brokers gone: %v after %v", err, took)
	}
}
