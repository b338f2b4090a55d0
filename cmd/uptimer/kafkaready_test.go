//go:build unix

package main

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/uptimer/uptimer/events/eventstest"
	"github.com/uptimer/uptimer/events/topic/topictest"
	"github.com/uptimer/uptimer/internal/servertest"
	"github.com/uptimer/uptimer/internal/unhurried"
)

// A consumer with nothing to do is the usual case at night. Whoever is on call must learn all the same that its broker is
// gone, or that it reads nothing, and not be called because another member has all partitions. (Seen to fail with
// a lag that is not ended.)
func TestAnIdleConsumerTurns(t *testing.T) {
	t.Parallel()
	door := brokerBehind(t)
	addr := servertest.FreeAddress(t)
	p := start(t, []string{"KAFKA_BOOTSTRAP_SERVER=" + door.address, "KAFKA_READER_TOPIC=checks", "READER_PLUGIN=kafka", "WRITER_PLUGIN=stdout",
		"WORKERS=2", "METRICS_ADDR=" + addr})
	turns := func(what string, ready bool) {
		t.Helper()
		began := time.Now()
		isReady(t, addr, ready)
		t.Logf("%s: after %v", what, time.Since(began).Round(100*time.Millisecond))
	}
	lag := func() string {
		for line := range strings.Lines(get(t, "http://"+addr+"/metrics")) {
			if strings.HasPrefix(line, "uptimer_consumer_lag{") {
				return line
			}
		}
		return ""
	}
	p.says("Kafka cannot be reached")
	isReady(t, addr, false)
	door.open()
	p.says("there is no topic to read")
	unhurried.Until(t, "readyz names the topic", func() bool {
		said := call(t, []string{"METRICS_ADDR=" + addr}, "health", "--ready")
		return said.code == exitFailed && strings.Contains(said.stderr, `reader kafka: events cannot be read: looking at the topic "checks": [3] Unknown Topic`)
	})
	client := topictest.Client(t, door.address)
	topictest.Create(t, client, "checks", 1) // one of the two workers gets nothing
	turns("the topic was made", true)
	unhurried.Until(t, "the lag is told", func() bool { return lag() == `uptimer_consumer_lag{partition="0",topic="checks"} 0`+"\n" })
	door.shut()
	turns("the broker is gone", false)
	unhurried.Until(t, "nobody tells of a lag that is not known", func() bool { return lag() == "" })
	door.open()
	turns("the broker is back", true)
	door.freeze()
	turns("the broker is frozen", false)
	door.thaw()
	turns("the broker goes on", true)

	good := eventstest.Dummies(t, 1)[0]
	topictest.Put(t, client, "checks", 0, kafka.Message{Value: []byte("poison")}, kafka.Message{Value: good.JSON()})
	p.want("it reads", func(e event) bool { return e.UUID == good.ID().String() })
	unhurried.Until(t, "the dead letter is counted", func() bool { return metric(t, addr, "uptimer_dead_letters_total") == 1 })
	p.signal(syscall.SIGTERM)
	p.exit(exitDone)
	p.saysOnce("Kafka cannot be reached; waiting for it") // and not each worker
	p.saysOnce("there is no topic to read; waiting for it")
}
