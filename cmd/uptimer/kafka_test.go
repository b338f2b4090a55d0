//go:build unix

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/google/uuid"
	"github.com/segmentio/kafka-go"

	"github.com/uptimer/uptimer/events/topic/topictest"
	"github.com/uptimer/uptimer/internal/testservices"
	"github.com/uptimer/uptimer/internal/unhurried"
)

// aTopic is the name of a topic of the real broker that nobody else uses, and the variables to reach it with.
func aTopic(t *testing.T) (s testservices.Services, name string, env []string) {
	t.Helper()
	s = testservices.Find(t)
	name = "test-" + uuid.NewString()
	client := topictest.Client(t, s.KafkaPlaintext)
	t.Cleanup(func() {
		_, _ = client.DeleteTopics(context.Background(), &kafka.DeleteTopicsRequest{Topics: []string{name, name + ".dead-letter"}})
	})
	return s, name, []string{
		"KAFKA_BOOTSTRAP_SERVER=" + s.KafkaPlaintext, "KAFKA_WRITER_TOPIC=" + name, "KAFKA_READER_TOPIC=" + name,
		"KAFKA_GROUP_ID=" + name, "KAFKA_TOPIC_PARTITIONS=3",
	}
}

// uuidsOf are the ids of the events on a topic of the real broker, one as often as it is there.
func uuidsOf(t *testing.T, broker, topic string) map[string]int {
	t.Helper()
	all := map[string]int{}
	for _, m := range topictest.Messages(t, topictest.Client(t, broker), topic) {
		var e event
		if err := json.Unmarshal(m.Value, &e); err != nil {
			t.Fatal(err)
		}
		all[e.UUID]++
	}
	return all
}

// Events that a producer acknowledged, and a consumer then lost because somebody killed it, are what the whole detour
// over Kafka is against.
func TestAKilledConsumerLosesNothing(t *testing.T) {
	t.Parallel()
	s, name, env := aTopic(t)
	const count = 20_000
	producer := start(t, append(env, "READER_PLUGIN=dummy", "WRITER_PLUGIN=kafka", fmt.Sprintf("DUMMY_EVENT_COUNT=%d", count)))
	producer.exit(exitDone)
	there := uuidsOf(t, s.KafkaPlaintext, name)
	if len(there) != count {
		t.Fatalf("%d events are on the topic, want %d", len(there), count)
	}
	for id, n := range there {
		if n != 1 {
			t.Fatalf("event %s is on the topic %d times", id, n)
		}
	}
	env = append(env, "READER_PLUGIN=kafka", "WRITER_PLUGIN=stdout")
	seen := map[string]bool{}
	p := start(t, env)
	p.want("some", func(e event) bool {
		seen[e.UUID] = true
		return len(seen) >= 500
	})
	p.signal(syscall.SIGKILL)
	for e, ok := next(p); ok; e, ok = next(p) {
		seen[e.UUID] = true
	}
	p.exit(-1)
	last := start(t, env)
	last.want("the rest", func(e event) bool {
		seen[e.UUID] = true
		return len(seen) == count
	})
	last.signal(syscall.SIGTERM)
	last.exit(exitDone)
}

// next is the next whole event of a process that was killed, perhaps in the middle of a line.
func next(p *process) (e event, ok bool) {
	if !p.lines.Scan() || json.Unmarshal(p.lines.Bytes(), &e) != nil {
		return e, false
	}
	return e, true
}

// allow lets only somebody do something, so that the guest may not.
func allow(t *testing.T, s testservices.Services, kind kafka.ResourceType, name string, operations ...kafka.ACLOperationType) {
	t.Helper()
	client := topictest.Client(t, s.KafkaPlaintext)
	for _, o := range operations {
		permitOnly(t, client, "User:somebody", kind, name, o)
	}
}

// permitOnly lets one user do one thing with a topic or a group, and nobody else, and waits until that is in force.
func permitOnly(t *testing.T, client *kafka.Client, who string, kind kafka.ResourceType, name string, operation kafka.ACLOperationType) {
	t.Helper()
	topictest.Stubborn(t, func() error {
		answer, err := client.CreateACLs(t.Context(), &kafka.CreateACLsRequest{ACLs: []kafka.ACLEntry{{
			ResourceType: kind, ResourceName: name, ResourcePatternType: kafka.PatternTypeLiteral,
			Principal: who, Host: "*", Operation: operation, PermissionType: kafka.ACLPermissionTypeAllow,
		}}})
		if err == nil {
			err = errors.Join(answer.Errors...)
		}
		return err
	})
	filter := kafka.ACLFilter{
		ResourceTypeFilter: kind, ResourceNameFilter: name, ResourcePatternTypeFilter: kafka.PatternTypeLiteral,
		PrincipalFilter: who, Operation: operation, PermissionType: kafka.ACLPermissionTypeAllow,
	}
	unhurried.Until(t, "the broker knows the permission", func() bool {
		answer, err := client.DescribeACLs(t.Context(), &kafka.DescribeACLsRequest{Filter: filter})
		return err == nil && answer.Error == nil && len(answer.Resources) > 0
	})
}

// A missing permission must be named, too, and not look like a topic that does not exist, or an empty one.
func TestAMissingPermissionEndsTheStart(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		kind    kafka.ResourceType
		plugins []string
		want    string
	}{
		"topic to write": {kafka.ResourceTypeTopic, []string{"READER_PLUGIN=dummy", "WRITER_PLUGIN=kafka"}, "is not permitted to us"},
		"topic to read":  {kafka.ResourceTypeTopic, []string{"READER_PLUGIN=kafka", "WRITER_PLUGIN=stdout"}, "is not permitted to us"},
		"group":          {kafka.ResourceTypeGroup, []string{"READER_PLUGIN=kafka", "WRITER_PLUGIN=stdout"}, "reading as a member of the group"},
	} {
		s, name, env := aTopic(t)
		topictest.Create(t, topictest.Client(t, s.KafkaPlaintext), name, 1)
		allow(t, s, c.kind, name, kafka.ACLOperationTypeRead)
		env = append(env, "KAFKA_BOOTSTRAP_SERVER="+s.KafkaSASLPlaintext, "KAFKA_SASL_MECHANISM=SCRAM-SHA-512",
			"KAFKA_SASL_USERNAME="+s.KafkaGuestUsername, "KAFKA_SASL_PASSWORD="+s.KafkaGuestPassword)
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			p := start(t, append(env, c.plugins...))
			p.exit(exitFailed)
			if !strings.Contains(p.log(), c.want) || strings.Contains(p.log(), s.KafkaGuestPassword) {
				t.Errorf("want a line that says %q:\n%s", c.want, p.log())
			}
		})
	}
}
