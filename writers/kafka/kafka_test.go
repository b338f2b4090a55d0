package kafka

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/events/eventstest"
	"github.com/uptimer/uptimer/events/plugin"
	"github.com/uptimer/uptimer/events/topic/topictest"
	"github.com/uptimer/uptimer/internal/unhurried"
)

func TestMain(m *testing.M) { unhurried.Main(m) }

// open makes a writer to the topic "events" and finds it.
func open(t testing.TB, brokers string, more ...string) *Writer {
	t.Helper()
	env := append([]string{"KAFKA_BOOTSTRAP_SERVER=" + brokers, "KAFKA_WRITER_TOPIC=events"}, more...)
	w, err := Plugin.Open(plugin.NewEnvironment(env), plugin.Host{Catalog: eventstest.Catalog(t), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.(events.Starter).Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return w.(*Writer)
}

// ids are those of the events on a topic.
func ids(t testing.TB, messages []kafka.Message) (list []uuid.UUID) {
	t.Helper()
	for _, m := range messages {
		e, err := eventstest.Catalog(t).Parse(m.Value)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, e.ID())
	}
	return list
}

// If this failed, the writer could not be trusted to store what it acknowledges, or to end.
func TestConformance(t *testing.T) {
	eventstest.TestWriter(t, eventstest.WriterTest{New: func(t testing.TB) eventstest.Destination {
		brokers := topictest.Brokers(t, kfake.NumBrokers(1))
		addr := brokers.ListenAddrs()[0]
		look := topictest.Client(t, addr)
		return eventstest.Destination{
			Open:   func(t testing.TB) events.Writer { return open(t, addr, "KAFKA_TOPIC_PARTITIONS=3") },
			Stored: func(t testing.TB) []uuid.UUID { return ids(t, topictest.Messages(t, look, "events")) },
			Stall: func(testing.TB) func() {
				freed := make(chan struct{})
				brokers.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
					brokers.KeepControl()
					select {
					case <-freed:
					default:
						brokers.SleepControl(func() { <-freed })
					}
					return nil, nil, false
				})
				return func() { close(freed) }
			},
		}
	}})
}

// If this failed, other programs could not read what uptimer writes: their keys, headers and times would be missing.
func TestHowAnEventLies(t *testing.T) {
	t.Parallel()
	addr := topictest.Brokers(t, kfake.NumBrokers(1)).ListenAddrs()[0]
	w := open(t, addr)
	batch := append(eventstest.Checks(t, 3), eventstest.Dummies(t, 1)...)
	if rejected, err := w.Write(t.Context(), batch); err != nil || len(rejected) > 0 {
		t.Fatal(rejected, err)
	}
	if err := w.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	there := map[string]kafka.Message{}
	for _, m := range topictest.Messages(t, topictest.Client(t, addr), "events") {
		there[string(m.Value)] = m
	}
	for _, e := range batch {
		m, ok := there[string(e.JSON())]
		if !ok {
			t.Fatalf("%s is not there", e.JSON())
		}
		headers := map[string]string{}
		for _, h := range m.Headers {
			headers[h.Key] = string(h.Value)
		}
		if headers["schema_title"] != e.Title() || headers["schema_version"] != "1.0" || headers["content-type"] != "application/json" || len(headers) != 3 {
			t.Errorf("headers %v", headers)
		}
		if string(m.Key) != e.Key() || (m.Key == nil) != (e.Key() == "") {
			t.Errorf("key %q, want %q, and null for none", m.Key, e.Key())
		}
		if !m.Time.Equal(e.Time().Truncate(time.Millisecond)) {
			t.Errorf("timestamp %v, want %v", m.Time, e.Time())
		}
	}
}

// If this failed, nobody could check against a debug log that what was acknowledged is on the topic: the log would call
// events acknowledged that are not, or keep silent of some. (Seen with the line written before the batch is sent.)
func TestTheDebugLogSaysWhatIsAcknowledged(t *testing.T) {
	t.Parallel()
	brokers := topictest.Brokers(t, kfake.NumBrokers(1))
	w := open(t, brokers.ListenAddrs()[0])
	defer w.Close(t.Context())
	var log topictest.Log
	w.log = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	batch := eventstest.Checks(t, 2)
	brokers.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		if log.String() != "" {
			t.Errorf("before the broker has answered, the log says %s", &log)
		}
		return nil, nil, false
	})
	if _, err := w.Write(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	var line struct{ UUIDs []uuid.UUID }
	if err := json.Unmarshal([]byte(log.String()), &line); err != nil || !slices.Equal(line.UUIDs, []uuid.UUID{batch[0].ID(), batch[1].ID()}) {
		t.Errorf("the log says %s: %v", &log, err)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.Write(over, eventstest.Checks(t, 1)); err == nil || strings.Count(log.String(), "\n") != 1 {
		t.Errorf("a Write that failed (%v) is in the log: %s", err, &log)
	}
	if left := acknowledged(batch, []events.Rejection{{Index: 0}}); !slices.Equal(left, []string{batch[1].ID().String()}) {
		t.Errorf("with the first rejected, %v is acknowledged", left)
	}
}

// If this failed, a start without a broker would end, or hang on when it is told to stop.
func TestAnAbsentBrokerIsWaitedFor(t *testing.T) {
	t.Parallel()
	var log topictest.Log
	env := plugin.NewEnvironment([]string{"KAFKA_BOOTSTRAP_SERVER=127.0.0.1:1", "KAFKA_WRITER_TOPIC=events"})
	w, err := Plugin.Open(env, plugin.Host{Catalog: eventstest.Catalog(t), Log: log.Logger()})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close(t.Context())
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	if err := w.(events.Starter).Start(ctx); err == nil || ctx.Err() == nil {
		t.Errorf("Start has returned %v", err)
	}
}
