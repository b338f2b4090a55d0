//go:build unix

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/uptimer/uptimer/events/topic/topictest"
	"github.com/uptimer/uptimer/internal/servertest"
	"github.com/uptimer/uptimer/internal/testservices"
	"github.com/uptimer/uptimer/internal/unhurried"
)

// aCheck is one check, as its event tells it.
type aCheck struct {
	Target    string    `json:"target_name"`
	Scheduled time.Time `json:"scheduled_at"`
	Instance  string    `json:"instance"`
}

// sharers are instances that share a list, and what they have checked.
type sharers struct {
	t       *testing.T
	env     []string
	targets int
	all     []*process

	mu     sync.Mutex
	checks []aCheck
}

// aSharedList is a list of so many targets, twice a second, and the variables to share it.
func aSharedList(t *testing.T, broker, group string, targets int) *sharers {
	t.Helper()
	server := servertest.Serve(t, servertest.HearAndClose)
	var list strings.Builder
	list.WriteString("url,name,interval\n")
	for i := range targets {
		fmt.Fprintf(&list, "tcp://%s,t%d,0.5\n", server, i)
	}
	file := filepath.Join(t.TempDir(), "list.csv")
	write(t, file, list.String())
	return &sharers{t: t, targets: targets, env: []string{
		"PROBE_TARGETS_FILE=" + file, "PROBE_SHARE_GROUP=" + group, "KAFKA_BOOTSTRAP_SERVER=" + broker,
	}}
}

// start starts one more.
func (s *sharers) start(more ...string) *process {
	s.t.Helper()
	p := start(s.t, append(append(s.env, fmt.Sprintf("PROBE_INSTANCE=i%d", len(s.all))), more...))
	s.all = append(s.all, p)
	go func() {
		for p.lines.Scan() {
			var c aCheck
			if json.Unmarshal(p.lines.Bytes(), &c) == nil {
				s.mu.Lock()
				s.checks = append(s.checks, c)
				s.mu.Unlock()
			}
		}
	}()
	return p
}

// every tells whether every target has a check that was due after a time, by somebody else than the one.
func (s *sharers) every(after time.Time, but string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := map[string]bool{}
	for _, c := range s.checks {
		if c.Scheduled.After(after) && c.Instance != but {
			seen[c.Target] = true
		}
	}
	return len(seen) == s.targets
}

// once wants that for two seconds from now each slot of each target is checked by one instance.
func (s *sharers) once() {
	s.t.Helper()
	time.Sleep(time.Second) // those that were just taken over are checked at once, and are back in their rhythm then
	from := time.Now()
	until := from.Add(2 * time.Second)
	unhurried.Until(s.t, "all targets are checked", func() bool { return s.every(until, "") }) // a busy machine may skip slots
	s.mu.Lock()
	defer s.mu.Unlock()
	slots, doubled := map[string]int{}, map[aCheck]string{}
	for _, c := range s.checks {
		if c.Scheduled.Before(from) || c.Scheduled.After(until) {
			continue
		}
		slots[c.Target]++
		slot := aCheck{Target: c.Target, Scheduled: c.Scheduled}
		if by, twice := doubled[slot]; twice {
			s.t.Fatalf("%s was checked by %s and by %s at %s", c.Target, by, c.Instance, c.Scheduled)
		}
		doubled[slot] = c.Instance
	}
	for target, n := range slots {
		if n > 5 {
			s.t.Errorf("%s was checked %d times in 2 s, want 4", target, n)
		}
	}
}

// takenOver ends the newest instance and returns how long it takes until others check all targets.
func (s *sharers) takenOver() time.Duration {
	s.t.Helper()
	newest := len(s.all) - 1
	began := time.Now()
	s.all[newest].signal(syscall.SIGTERM)
	unhurried.Until(s.t, "others check all targets", func() bool { return s.every(began, fmt.Sprintf("i%d", newest)) })
	took := time.Since(began)
	s.all[newest].exit(exitDone)
	return took
}

// If this failed, targets of an instance that dies would be checked by nobody until a person comes, or each target by
// two for ever. A real broker. (Seen to fail: "checked by i1 and by i0" when assigned takes all targets; "taken over
// after 6.4s, want at once" when the connections are cut before the good-bye.)
func TestInstancesShareAList(t *testing.T) {
	broker, group := testservices.Find(t).KafkaPlaintext, "test-"+uuid.NewString()
	client := topictest.Client(t, broker)
	t.Cleanup(func() {
		_, _ = client.DeleteTopics(context.Background(), &kafka.DeleteTopicsRequest{Topics: []string{"uptimer-share-" + group}})
	})
	s := aSharedList(t, broker, group, 60)
	metrics := servertest.FreeAddress(t)
	last := s.start("METRICS_ADDR=" + metrics)
	killed := s.start()
	s.start()
	for _, p := range s.all {
		p.says(`"slices":80,"of_slices":240`)
	}
	s.once()
	if n := metric(t, metrics, "uptimer_targets"); n < 5 || n > 40 {
		t.Errorf("uptimer_targets is %v, want about 20", n)
	}

	began := time.Now()
	killed.signal(syscall.SIGKILL)
	unhurried.Until(t, "the others check all targets", func() bool { return s.every(began, "i1") })
	if took := time.Since(began); took > 25*time.Second {
		t.Errorf("taken over after %v, want about 6.5 s", took)
	} else {
		t.Logf("kill -9: every target was checked again after %v", took.Round(10*time.Millisecond))
	}
	s.once()

	soonest := s.takenOver()
	for range 2 { // the machine may be busy
		if soonest > 5*time.Second {
			s.start().says(`"slices":120,"of_slices":240`)
			soonest = min(soonest, s.takenOver())
		}
	}
	t.Logf("SIGTERM: every target was checked again after %v", soonest.Round(10*time.Millisecond))
	if soonest > 5*time.Second {
		t.Errorf("taken over after %v, want at once: it has said good-bye", soonest)
	}
	unhurried.Until(t, "uptimer_targets is 60", func() bool { return metric(t, metrics, "uptimer_targets") == 60 })
	last.signal(syscall.SIGTERM)
	last.exit(exitDone)
}

// If this failed, an instance would check everything, or end, while Kafka is not there yet; or stop checking when Kafka
// goes away.
func TestASharedListWithoutKafka(t *testing.T) {
	t.Parallel()
	broker := servertest.FreeAddress(t)
	metrics := servertest.FreeAddress(t)
	s := aSharedList(t, broker, "g", 5)
	p := s.start("METRICS_ADDR=" + metrics)
	p.says("Kafka cannot be reached; waiting for it")
	isReady(t, metrics, false)
	time.Sleep(time.Second)
	if s.mu.Lock(); len(s.checks) > 0 {
		t.Error("there was a check without a share")
	}
	s.mu.Unlock()
	p.saysOnce("Kafka cannot be reached; waiting for it")

	_, port, _ := net.SplitHostPort(broker)
	number, _ := strconv.Atoi(port)
	brokers := topictest.Brokers(t, kfake.NumBrokers(1), kfake.Ports(number))
	p.says(`"targets":5,"of":5`)
	isReady(t, metrics, true)
	unhurried.Until(t, "all are checked", func() bool { return s.every(time.Time{}, "") })

	brokers.Close()
	const away = "this instance keeps checking its share"
	p.says(away)
	gone := time.Now()
	unhurried.Until(t, "all are still checked", func() bool { return s.every(gone.Add(2*time.Second), "") })
	p.saysOnce(away)
	isReady(t, metrics, true)
	p.signal(os.Interrupt)
	p.exit(exitDone)
}

// If this failed, a new version of a list would bring back the targets of others, or not reach this instance. (Seen
// to fail when put leaves nothing out.)
func TestASharedListChanges(t *testing.T) {
	t.Parallel()
	brokers := topictest.Brokers(t, kfake.NumBrokers(1))
	s := aSharedList(t, brokers.ListenAddrs()[0], "g", 40)
	a, b := s.start(), s.start()
	for _, p := range s.all {
		p.says(`"slices":120,"of_slices":240`)
	}
	s.once()
	file := strings.TrimPrefix(s.env[0], "PROBE_TARGETS_FILE=")
	list, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	more := string(list)
	for i := range 40 {
		_, url, _ := strings.Cut(strings.SplitN(more, "\n", 3)[1], "tcp://")
		more += fmt.Sprintf("tcp://%s,n%d,0.5\n", strings.SplitN(url, ",", 2)[0], i)
	}
	write(t, file, more)
	s.targets = 80
	for _, p := range s.all {
		p.signal(syscall.SIGHUP)
		p.says("a new list of targets is in force")
	}
	s.once()
	for _, p := range []*process{a, b} {
		p.signal(syscall.SIGTERM)
		p.exit(exitDone)
	}
}
