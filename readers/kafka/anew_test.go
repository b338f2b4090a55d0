package kafka

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/segmentio/kafka-go"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/events/eventstest"
	"github.com/uptimer/uptimer/events/plugin"
	"github.com/uptimer/uptimer/events/topic/topictest"
	"github.com/uptimer/uptimer/internal/testservices"
	"github.com/uptimer/uptimer/internal/unhurried"
)

// If this failed, the first messages of a topic that was deleted and made anew would be passed over in silence: as
// many as the old one had. A real broker, because it forgets the group's offsets with the topic. (Seen to fail when a
// fetch that finds no topic is tried again at its place: 200 of 300 were stored.)
func TestATopicThatIsMadeAnewIsReadFromItsBeginning(t *testing.T) {
	t.Parallel()
	broker := testservices.Find(t).KafkaPlaintext
	client, name := topictest.Client(t, broker), "anew-"+uuid.NewString()
	topictest.Create(t, client, name, 1)
	remove := func() {
		_, _ = client.DeleteTopics(context.Background(), &kafka.DeleteTopicsRequest{Topics: []string{name}})
	}
	t.Cleanup(remove)
	put := func(list []events.Event) {
		var messages []kafka.Message
		for _, e := range list {
			messages = append(messages, kafka.Message{Value: e.JSON(), Time: e.Time()})
		}
		topictest.Put(t, client, name, 0, messages...)
	}
	env := plugin.NewEnvironment([]string{"KAFKA_BOOTSTRAP_SERVER=" + broker, "KAFKA_READER_TOPIC=" + name, "KAFKA_GROUP_ID=" + name})
	var log topictest.Log
	r, err := Plugin.Open(env, plugin.Host{Catalog: eventstest.Catalog(t), Log: log.Logger()})
	if err != nil {
		t.Fatal(err)
	}
	first, second := eventstest.Dummies(t, 100), eventstest.Dummies(t, 300)
	put(first)
	var kept store
	p := start(t, r, kept.emit)
	unhurried.Until(t, "the first are stored", func() bool { return kept.has(first) == 100 })
	time.Sleep(500 * time.Millisecond) // so that it is committed
	remove()
	time.Sleep(time.Second) // less than it takes until the reader looks at the topic by itself
	topictest.Create(t, client, name, 1)
	put(second)
	unhurried.Until(t, "all are stored", func() bool { return kept.has(second) == 300 })
	p.end()
}
