package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/segmentio/kafka-go"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/events/topic"
)

const (
	// mostTopics is how many topics are remembered. As a rule all letters came from one.
	mostTopics = 100
	// mostKnown is how many letters are remembered, so that one that lies there twice is sent once.
	mostKnown = 1 << 18
)

// replay is one Replay under way.
type replay struct {
	*Letters
	still   func(Letter) error
	goals   map[string]*goal
	known   map[uuid.UUID]bool
	sent    int
	invalid int
}

// goal is a topic that letters came from.
type goal struct {
	producer *topic.Producer
	refused  error // why nothing is sent there
}

// Replay sends every letter whose value is a valid event by now to the topic that it came from, as it was there: key,
// value and headers. still gets the others, with the reason why they are not sent. A letter that lies there twice is
// sent once. The counts hold also when there is an error: that many are stored for sure.
func (l *Letters) Replay(ctx context.Context, still func(Letter) error) (sent, invalid int, err error) {
	r := &replay{Letters: l, still: still, goals: map[string]*goal{}, known: map[uuid.UUID]bool{}}
	err = l.each(ctx, func(records []topic.Record) error { return r.take(ctx, records) })
	return r.sent, r.invalid, err
}

// parcel is what goes to one topic.
type parcel struct {
	letters  []Letter
	messages []topic.Message
}

// take sends some letters, or says why not.
func (r *replay) take(ctx context.Context, records []topic.Record) error {
	if len(r.goals) > mostTopics {
		clear(r.goals)
	}
	parcels := map[string]*parcel{}
	var names []string
	for _, record := range records {
		letter := letterOf(record)
		message, err := r.message(ctx, letter)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.As(err, new(unsendable)):
			if err := r.refuse(letter, err); err != nil {
				return err
			}
			continue
		case err != nil:
			return err
		case r.knows(message.ID):
			continue
		}
		if parcels[letter.Topic] == nil {
			parcels[letter.Topic] = &parcel{}
			names = append(names, letter.Topic)
		}
		p := parcels[letter.Topic]
		p.letters, p.messages = append(p.letters, letter), append(p.messages, message)
	}
	for _, name := range names {
		if err := r.send(ctx, name, parcels[name]); err != nil {
			return err
		}
	}
	return nil
}

// unsendable is why a letter is not sent.
type unsendable struct{ error }

func (u unsendable) Unwrap() error { return u.error }

// refuse counts a letter that is not sent.
func (r *replay) refuse(l Letter, why error) error {
	r.invalid++
	l.Reason = why.Error()
	return r.still(l)
}

// message is what the letter was before it became one. The error is an unsendable, or says why its topic could not be
// looked at.
func (r *replay) message(ctx context.Context, l Letter) (m topic.Message, err error) {
	if slices.ContainsFunc(l.record.Headers, func(h kafka.Header) bool { return h.Key == headerTruncated }) {
		return m, unsendable{errors.New("it was cut to fit, and the rest is not here")}
	}
	e, err := r.catalog.Parse(l.record.Value)
	if err != nil {
		return m, unsendable{err}
	}
	switch {
	case l.Topic == "":
		return m, unsendable{fmt.Errorf("it has no header %s, so nobody knows where it came from", headerTopic)}
	case topic.CheckName(l.Topic) != nil:
		return m, unsendable{fmt.Errorf("its header %s is %.300q: %w", headerTopic, l.Topic, topic.CheckName(l.Topic))}
	case l.Topic == r.config.Name():
		return m, unsendable{errors.New("it came from the topic for dead letters itself, and would go round in a circle")}
	}
	g, err := r.goal(ctx, l.Topic)
	if err != nil {
		return m, err
	}
	if g.refused != nil {
		return m, unsendable{g.refused}
	}
	m = topic.Message{Key: l.record.Key, Value: l.record.Value, Time: e.Time()}
	m.ID = uuid.NewSHA1(uuid.Nil, fmt.Appendf(nil, "%s/%s/%s/%s", l.Topic, l.Partition, l.Offset, l.record.Value))
	for _, h := range l.record.Headers {
		if !strings.HasPrefix(h.Key, headerPrefix) {
			m.Headers = append(m.Headers, h)
		}
	}
	return m, nil
}

// goal looks at a topic, once. One that does not exist is not made: its name comes from a message, not from a person.
func (r *replay) goal(ctx context.Context, name string) (*goal, error) {
	if g := r.goals[name]; g != nil {
		return g, nil
	}
	g := &goal{}
	err := stubborn(ctx, func() error {
		_, err := r.cluster.Partitions(ctx, name)
		if errors.Is(err, kafka.UnknownTopicOrPartition) {
			g.refused = fmt.Errorf("the topic %q that it came from does not exist", name)
			return nil
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if g.refused == nil {
		g.producer = topic.NewProducer(r.cluster, name, r.config.ProducerConfig, topic.ForEvents())
	}
	r.goals[name] = g
	return g, nil
}

// knows remembers a letter, and tells whether it was known.
func (r *replay) knows(id uuid.UUID) bool {
	if r.known[id] {
		return true
	}
	if len(r.known) >= mostKnown {
		clear(r.known)
	}
	r.known[id] = true
	return false
}

// send sends letters to one topic, and counts what is stored there.
func (r *replay) send(ctx context.Context, name string, p *parcel) error {
	var rejected []events.Rejection
	err := stubborn(ctx, func() (err error) {
		rejected, err = r.goals[name].producer.Produce(ctx, p.messages)
		return err
	})
	if err != nil {
		return err
	}
	r.sent += len(p.messages) - len(rejected)
	for _, x := range rejected {
		if err := r.refuse(p.letters[x.Index], fmt.Errorf("the topic %q does not take it: %w", name, x.Reason)); err != nil {
			return err
		}
	}
	return nil
}
