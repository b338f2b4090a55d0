//go:build linux

package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/segmentio/kafka-go"

	"github.com/uptimer/uptimer/internal/setting"
	"github.com/uptimer/uptimer/internal/testservices"
)

// servers are Kafka and PostgreSQL.
type servers struct {
	kafka    string // host:port, plain text
	database string // a URL whose user may create databases

	broker, postgres int // their processes on this machine, 0 if they are elsewhere
}

// find completes servers with those of `make services`.
func (s servers) find() (servers, error) {
	if s.kafka == "" || s.database == "" {
		running, err := testservices.Running()
		if err != nil {
			return s, fmt.Errorf("no servers to measure with, run `make services`: %w", err)
		}
		s.kafka = cmp.Or(s.kafka, running.KafkaPlaintext)
		s.database = cmp.Or(s.database, running.DatabaseURL)
	}
	_, port, err := net.SplitHostPort(s.kafka)
	if err != nil {
		return s, fmt.Errorf("-kafka=%q: want host:port", s.kafka)
	}
	u, err := url.Parse(s.database)
	if err != nil {
		return s, errors.New("-database cannot be read; want a URL such as postgres://user:password@host:5432/postgres")
	}
	s.broker, s.postgres = listener(port), listener(cmp.Or(u.Port(), "5432"))
	return s, nil
}

// findServers finds the servers, and starts those of `make services` if they do not run. Not before a scenario needs them:
// a broker with nothing to do takes a hundredth of a small machine.
func (b *bench) findServers(ctx context.Context) (err error) {
	if b.servers.kafka == "" || b.servers.database == "" {
		up := exec.CommandContext(ctx, "dev/services/services", "up")
		up.Stdout, up.Stderr = os.Stdout, os.Stderr
		if err := up.Run(); err != nil {
			return fmt.Errorf("starting servers: %w", err)
		}
	}
	b.servers, err = b.servers.find()
	return err
}

// place is a topic and a database of a round's own.
type place struct {
	servers
	name   string // of both
	stored string // the URL of the database
	client *kafka.Client
	wire   *kafka.Transport // the client's
}

// newPlace makes an empty database with uptimer's tables; the topic is made by whoever writes to it first.
func (b *bench) newPlace(ctx context.Context) (*place, error) {
	name := "bench_" + strings.ToLower(rand.Text()[:12])
	at := &place{servers: b.servers, name: name, wire: &kafka.Transport{}}
	at.client = &kafka.Client{Addr: kafka.TCP(b.servers.kafka), Timeout: time.Minute, Transport: at.wire}
	u, err := url.Parse(b.servers.database)
	if err != nil {
		return nil, redacted(err)
	}
	u.Path = "/" + name
	at.stored = u.String()
	err = ask(ctx, at.database, func(c *pgx.Conn) error {
		_, err := c.Exec(ctx, "CREATE DATABASE "+name)
		return err
	})
	if err != nil {
		return nil, redacted(err)
	}
	migrate := exec.CommandContext(ctx, b.binary, "migrate")
	migrate.Env = at.environment()
	if out, err := migrate.CombinedOutput(); err != nil {
		return nil, errors.Join(fmt.Errorf("uptimer migrate: %w\n%s", err, out), at.remove())
	}
	return at, nil
}

// remove takes everything away again.
func (at *place) remove() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute) // also when the run was interrupted
	defer cancel()
	defer at.wire.CloseIdleConnections()
	_, err := at.client.DeleteTopics(ctx, &kafka.DeleteTopicsRequest{Topics: []string{at.name, at.name + ".dead-letter"}})
	return errors.Join(err, redacted(ask(ctx, at.database, func(c *pgx.Conn) error {
		_, err := c.Exec(ctx, "DROP DATABASE IF EXISTS "+at.name+" WITH (FORCE)")
		return err
	})))
}

// environment is how uptimer finds the topic and the database.
func (at *place) environment() []string {
	return []string{
		"KAFKA_BOOTSTRAP_SERVER=" + at.kafka, "KAFKA_WRITER_TOPIC=" + at.name, "KAFKA_READER_TOPIC=" + at.name,
		"KAFKA_TOPIC_PARTITIONS=6", "KAFKA_GROUP_ID=" + at.name, "DATABASE_URL=" + at.stored,
	}
}

// storing is the environment of who stores what is on the topic.
func (at *place) storing(workers int) []string {
	return append(at.environment(), "READER_PLUGIN=kafka", "WRITER_PLUGIN=postgres", fmt.Sprintf("WORKERS=%d", workers))
}

// offsets are the first and the next of each partition of the topic.
func (at *place) offsets(ctx context.Context) (list []kafka.PartitionOffsets, err error) {
	meta, err := at.client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{at.name}})
	if err != nil {
		return nil, err
	}
	var want []kafka.OffsetRequest
	for _, p := range meta.Topics[0].Partitions {
		want = append(want, kafka.FirstOffsetOf(p.ID), kafka.LastOffsetOf(p.ID))
	}
	answer, err := at.client.ListOffsets(ctx, &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{at.name: want}})
	if err != nil {
		return nil, err
	}
	for _, p := range answer.Topics[at.name] {
		err = errors.Join(err, p.Error)
	}
	return answer.Topics[at.name], err
}

// onTopic is how many messages lie on the topic.
func (at *place) onTopic(ctx context.Context) (n int, err error) {
	list, err := at.offsets(ctx)
	for _, p := range list {
		n += int(p.LastOffset - p.FirstOffset)
	}
	return n, err
}

// ask opens a connection for a moment.
func ask(ctx context.Context, database string, f func(*pgx.Conn) error) error {
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	return f(conn)
}

// redacted is an error without passwords.
func redacted(err error) error {
	if err == nil {
		return nil
	}
	return errors.New(setting.Redact(err.Error()))
}
