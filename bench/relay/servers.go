//go:build linux

package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/segmentio/kafka-go"
)

// place is a topic and a database of a run's own.
type place struct {
	plan
	topic    string
	database string // its URL
	admin    string // the server's
	name     string
	client   *kafka.Client
}

// newPlace makes an empty database; the topic is made by whoever writes to it first.
func newPlace(ctx context.Context, p plan) (*place, error) {
	name := "relay_" + strings.ToLower(rand.Text()[:12])
	at := &place{plan: p, topic: name, name: name, admin: p.database, client: &kafka.Client{Addr: kafka.TCP(p.kafka), Timeout: time.Minute}}
	u, err := url.Parse(p.database)
	if err != nil {
		return nil, errors.New("-database cannot be read; want a URL such as postgres://user:password@host:5432/postgres")
	}
	u.Path = "/" + name
	at.database = u.String()
	return at, ask(ctx, at.admin, func(c *pgx.Conn) error {
		_, err := c.Exec(ctx, "CREATE DATABASE "+name)
		return err
	})
}

// remove takes everything away again.
func (at *place) remove() error {
	if at.keep {
		fmt.Printf("kept: topic %s, database %s\n", at.topic, at.name)
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute) // also when the run was interrupted
	defer cancel()
	_, err := at.client.DeleteTopics(ctx, &kafka.DeleteTopicsRequest{Topics: []string{at.topic, at.topic + ".dead-letter"}})
	return errors.Join(err, ask(ctx, at.admin, func(c *pgx.Conn) error {
		_, err := c.Exec(ctx, "DROP DATABASE IF EXISTS "+at.name+" WITH (FORCE)")
		return err
	}))
}

// environment is how the program finds the topic and the database.
func (at *place) environment() []string {
	return []string{
		"KAFKA_BOOTSTRAP_SERVER=" + at.kafka, "KAFKA_WRITER_TOPIC=" + at.topic, "KAFKA_READER_TOPIC=" + at.topic,
		"KAFKA_GROUP_ID=" + at.topic, "DATABASE_URL=" + at.database,
	}
}

// consumer is the environment of one that stores what is on the topic.
func (at *place) consumer() []string {
	return append(at.environment(), "READER_PLUGIN=kafka", "WRITER_PLUGIN=postgres", fmt.Sprintf("WORKERS=%d", at.workers),
		"BUFFER_BYTES="+at.buffer)
}

// onTopic is how many messages lie on the topic, by its offsets.
func (at *place) onTopic(ctx context.Context) (n int64, err error) {
	meta, err := at.client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{at.topic}})
	if err != nil {
		return 0, err
	}
	var want []kafka.OffsetRequest
	for _, p := range meta.Topics[0].Partitions {
		want = append(want, kafka.FirstOffsetOf(p.ID), kafka.LastOffsetOf(p.ID))
	}
	answer, err := at.client.ListOffsets(ctx, &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{at.topic: want}})
	if err != nil {
		return 0, err
	}
	for _, p := range answer.Topics[at.topic] {
		n += p.LastOffset - p.FirstOffset
		err = errors.Join(err, p.Error)
	}
	return n, err
}

// one asks the run's database for one row.
func (at *place) one(ctx context.Context, sql string, to ...any) error {
	return ask(ctx, at.database, func(c *pgx.Conn) error { return c.QueryRow(ctx, sql).Scan(to...) })
}

// ask opens a connection for a moment.
func ask(ctx context.Context, database string, f func(*pgx.Conn) error) error {
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	return f(conn)
}
