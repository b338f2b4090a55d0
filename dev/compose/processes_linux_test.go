package compose

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/segmentio/kafka-go"

	"github.com/uptimer/uptimer/events/topic/topictest"
	"github.com/uptimer/uptimer/internal/testservices"
	"github.com/uptimer/uptimer/internal/unhurried"
)

// stage is what stands in the place of the compose project's network, volumes and secrets: all that these tests change
// of what the services are given.
type stage struct {
	folder   string
	topic    string
	database string
	services testservices.Services
	addrs    map[string]string // METRICS_ADDR of each service
	names    *strings.Replacer // places of the project, and the same on loopback
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{services: testservices.Find(t), topic: "test-" + uuid.NewString(), folder: t.TempDir(), addrs: map[string]string{}}
	s.database = testservices.Database(t)
	for _, name := range []string{"producer", "consumer"} {
		s.addrs[name] = freeAddr(t)
	}
	database, err := url.Parse(s.database)
	if err != nil {
		t.Fatal(err)
	}
	s.names = strings.NewReplacer(
		"kafka:9092", s.services.KafkaPlaintext,
		"uptimer:for-development-only@", database.User.String()+"@",
		"postgres:5432/uptimer?", database.Host+database.Path+"?", // in the secret
		"postgres:5432", database.Host, // in the list of targets
		"consumer:9090", s.addrs["consumer"],
		"icmp://postgres", "icmp://127.0.0.1",
		"uptimer-events", s.topic,
		"/etc/uptimer/", s.folder+"/", "/run/secrets/", s.folder+"/",
	)
	client := topictest.Client(t, s.services.KafkaPlaintext)
	t.Cleanup(func() {
		_, _ = client.DeleteTopics(context.Background(), &kafka.DeleteTopicsRequest{Topics: []string{s.topic, s.topic + ".dead-letter"}})
	})
	for from, to := range map[string]string{"compose/development/database_url": "database_url", "compose/targets/targets.yaml": "targets.yaml"} {
		content := s.names.Replace(read(t, from))
		if !mayPing() {
			content = strings.ReplaceAll(content, "icmp://127.0.0.1", "tcp://"+s.services.KafkaPlaintext)
		}
		if err := os.WriteFile(filepath.Join(s.folder, to), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// mayPing tells whether this machine lets us ping, as the sysctl in the compose file does there.
func mayPing() bool {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM, syscall.IPPROTO_ICMP)
	if err != nil {
		fd, err = syscall.Socket(syscall.AF_INET, syscall.SOCK_RAW, syscall.IPPROTO_ICMP)
	}
	if err == nil {
		_ = syscall.Close(fd)
	}
	return err == nil
}

// freeAddr is an address that nobody listens at.
func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// command is what the container of a service runs: its command, its environment and nothing else. args are put in the
// place of the command, as `docker compose exec` would.
func (s *stage) command(t *testing.T, service string, args ...string) *exec.Cmd {
	t.Helper()
	config := load(t, nil, composeFile).Services[service]
	if args == nil {
		args = config.Command
	}
	cmd := exec.Command(program(t), args...)
	cmd.Dir, cmd.Env = "/", []string{} // nil would be our own
	for name, value := range environment(t, config) {
		switch {
		case name == "METRICS_ADDR":
			value = s.addrs[service]
		case name == "KAFKA_GROUP_ID":
			value = s.topic
		}
		cmd.Env = append(cmd.Env, name+"="+s.names.Replace(value))
	}
	log, err := os.Create(filepath.Join(s.folder, fmt.Sprintf("%s-%s.log", service, uuid.NewString())))
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = log, log
	t.Cleanup(func() {
		log.Close()
		if text, _ := os.ReadFile(log.Name()); t.Failed() {
			t.Logf("%s %v:\n%s", service, args, text)
		}
	})
	return cmd
}

// service is a process in the place of a container.
type service struct {
	*exec.Cmd
	name  string
	ended chan error
}

func (s *stage) start(t *testing.T, name string) *service {
	t.Helper()
	p := &service{Cmd: s.command(t, name), name: name, ended: make(chan error, 1)}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.ended <- p.Wait() }()
	t.Cleanup(func() { _ = p.Process.Kill() })
	return p
}

// stop does what `docker compose stop` does: the stop signal, and then no longer than the stop_grace_period.
func (p *service) stop(t *testing.T) {
	t.Helper()
	grace := time.Duration(*load(t, nil, composeFile).Services[p.name].StopGracePeriod)
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-p.ended:
		if err != nil {
			t.Errorf("%s ends with %v", p.name, err)
		}
	case <-time.After(grace):
		t.Errorf("%s has not ended %v after SIGTERM", p.name, grace)
	}
}

// query asks the database for one number.
func (s *stage) query(t *testing.T, sql string) (n int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.database)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if err := conn.QueryRow(t.Context(), sql).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// What docker-compose.yml says is run here without a container engine: the program as the Dockerfile builds it, the
// commands and the environment of the services and nothing else, with real servers. If this fails, `docker compose up`
// starts something that does not work. Seen to fail with another KAFKA_READER_TOPIC than the producer's, with
// DATABASE_URL_FILE of another name than the secret's, and without migrate.
func TestServicesWorkTogether(t *testing.T) {
	s := newStage(t)
	if err := s.command(t, "migrate").Run(); err != nil {
		t.Fatalf("migrate: %v", err)
	}
	consumer, producer := s.start(t, "consumer"), s.start(t, "producer")
	for _, name := range []string{"producer", "consumer"} {
		for _, args := range [][]string{{"health"}, {"health", "--ready"}} {
			unhurried.Until(t, name+" is healthy: "+strings.Join(args, " "), func() bool { return s.command(t, name, args...).Run() == nil })
		}
	}
	targets := strings.Count(read(t, "compose/targets/targets.yaml"), "- url: ")
	unhurried.Until(t, "every target is up in PostgreSQL", func() bool {
		return s.query(t, "SELECT count(DISTINCT target_id) FROM probe_events WHERE up") == targets
	})
	producer.stop(t)
	sent := len(topictest.Messages(t, topictest.Client(t, s.services.KafkaPlaintext), s.topic))
	unhurried.Until(t, "every event of the topic is in PostgreSQL", func() bool {
		return s.query(t, "SELECT count(*) FROM probe_events") == sent
	})
	consumer.stop(t)
	t.Logf("%d events of %d targets on the topic and in PostgreSQL", sent, targets)
}

// A second start of the project runs migrate again.
func TestMigrateMayRunAgain(t *testing.T) {
	s := newStage(t)
	for range 2 {
		if err := s.command(t, "migrate").Run(); err != nil {
			t.Fatalf("migrate: %v", err)
		}
	}
}
