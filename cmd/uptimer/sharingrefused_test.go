//go:build unix

package main

import (
	"context"
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/segmentio/kafka-go"

	"github.com/uptimer/uptimer/events/topic/topictest"
	"github.com/uptimer/uptimer/internal/setting"
	"github.com/uptimer/uptimer/internal/testservices"
	"github.com/uptimer/uptimer/probes"
	"github.com/uptimer/uptimer/targets"
)

// If this failed, the permissions that the docs name would not be enough, so that whoever gives these is refused; or a
// missing one would not be named.
func TestPermissionsThatSharingNeeds(t *testing.T) {
	t.Parallel()
	services := testservices.Find(t)
	client := topictest.Client(t, services.KafkaPlaintext)
	for missing, c := range map[string]struct {
		topic, group bool // whether the guest may
		want         string
	}{
		"nothing":   {true, true, `"targets":3,"of":3`},
		"the topic": {false, true, "looking at the topic"},
		"the group": {true, false, "being a member of the consumer group"},
	} {
		group := "test-" + uuid.NewString()
		name := "uptimer-share-" + group
		topictest.Create(t, client, name, 2)
		t.Cleanup(func() {
			_, _ = client.DeleteTopics(context.Background(), &kafka.DeleteTopicsRequest{Topics: []string{name}})
		})
		permit(t, client, kafka.ResourceTypeTopic, name, kafka.ACLOperationTypeDescribe, c.topic)
		permit(t, client, kafka.ResourceTypeGroup, name, kafka.ACLOperationTypeRead, c.group)
		s := aSharedList(t, services.KafkaSASLPlaintext, group, 3)
		p := s.start("KAFKA_SASL_MECHANISM=SCRAM-SHA-512", "KAFKA_SASL_USERNAME="+services.KafkaGuestUsername, "KAFKA_SASL_PASSWORD="+services.KafkaGuestPassword)
		if c.topic && c.group {
			p.says(c.want)
			p.signal(syscall.SIGTERM)
			p.exit(exitDone)
			continue
		}
		p.exit(exitFailed)
		if log := p.log(); !strings.Contains(log, c.want) || !strings.Contains(log, name) || !strings.Contains(log, "is not permitted to us") {
			t.Errorf("without %s the log says\n%s", missing, log)
		}
	}
}

// permit lets either the guest or somebody else do one thing with a topic or a group, and nobody anything else.
func permit(t *testing.T, client *kafka.Client, kind kafka.ResourceType, name string, operation kafka.ACLOperationType, guest bool) {
	t.Helper()
	who := "User:somebody"
	if guest {
		who = "User:guest"
	}
	permitOnly(t, client, who, kind, name, operation)
}

// fussy is a probe that takes all targets but one.
type fussy struct{ probes.Probe }

func (fussy) Prepare(t targets.Target) (probes.Check, error) {
	if t.Name == "bad" {
		return nil, setting.Mistakes{{Where: "tls_verify", Value: "gone.pem", Err: errors.New("cannot be read")}}
	}
	return nil, nil
}

// If this failed, one file that was deleted since the list was read would keep an instance from taking over anything.
// (Seen to fail when prepareMost gives up at the first error.)
func TestATakenOverTargetThatIsNotGoodAnyMore(t *testing.T) {
	var log topictest.Log
	p := &probing{log: log.Logger(), probes: probes.Set{targets.HTTP: fussy{}}}
	list, err := targets.NewSource(targets.Config{File: targets.Stdin, Interval: setting.Duration(time.Second), Timeout: setting.Duration(time.Second)}, nil,
		strings.NewReader("url,name\na.example,good\nb.example,bad\nc.example,fine\n")).Load()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range p.prepareMost(list.Targets) {
		names = append(names, e.Target.Name)
	}
	if strings.Join(names, " ") != "good fine" {
		t.Errorf("%q are checked, want good and fine", names)
	}
	if !strings.Contains(log.String(), "targets of the new share cannot be checked") || !strings.Contains(log.String(), "gone.pem") {
		t.Errorf("the log says\n%s", log.String())
	}
}
