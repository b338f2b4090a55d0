//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/segmentio/kafka-go"
)

// place is where a message lies on the topic.
type place struct {
	partition int
	offset    int64
}

// tally is what was found at the end, and what the verdict is made of.
type tally struct {
	faults   map[*kind]int
	failures []string // that are no matter of counting

	messages     int               // on the topic
	produced     map[uuid.UUID]int // how often each event of a producer lies there
	sent         map[uuid.UUID]int // the same for the valid ones that we sent
	disorder     []uuid.UUID       // events that lie behind a later one of their target, or in another partition
	poison       map[place]message // what lies there
	strange      []place           // messages from nobody knows whom
	letters      map[place]int     // dead letters for each place of the topic
	changed      []place           // dead letters that are not what the message was
	stale        []string          // targets whose state is not that of their newest check
	rows         map[uuid.UUID]int // how often each event is in the database
	acknowledged map[uuid.UUID]int // by the producers' logs
	repeats      int               // events that were stored again, at least
}

func newTally() *tally {
	return &tally{
		produced: map[uuid.UUID]int{}, sent: map[uuid.UUID]int{}, poison: map[place]message{},
		letters: map[place]int{}, rows: map[uuid.UUID]int{}, acknowledged: map[uuid.UUID]int{},
	}
}

// tally reads everything.
func (e *experiment) tally(ctx context.Context) (*tally, error) {
	t := newTally()
	order := order{}
	if err := e.cluster.read(ctx, e.name, partitions, func(m message) { t.onTopic(m, order) }); err != nil {
		return nil, err
	}
	n, err := e.cluster.partitions(ctx, e.name+".dead-letter")
	if err != nil {
		return nil, err
	}
	if err := e.cluster.read(ctx, e.name+".dead-letter", n, t.deadLetter); err != nil {
		return nil, err
	}
	for _, p := range e.producers {
		if err := t.log(p.log); err != nil {
			return nil, err
		}
	}
	return t, t.database(ctx, e.databaseURL)
}

// partitions is how many a topic has; 0 if it does not exist.
func (c *cluster) partitions(ctx context.Context, topic string) (n int, err error) {
	err = again(ctx, func(ctx context.Context) error {
		answer, err := c.client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{topic}})
		if err != nil {
			return err
		}
		for _, t := range answer.Topics {
			if t.Error != nil && !errors.Is(t.Error, kafka.UnknownTopicOrPartition) {
				return t.Error
			}
			n = len(t.Partitions)
		}
		return nil
	})
	return n, err
}

// order is the newest event of each target, and its partition.
type order map[string]struct {
	partition int
	time      string // as events write it, so that texts can be compared
}

// onTopic takes down a message. Who sent it decides what it must be; the program's own opinion is not asked for.
func (t *tally) onTopic(m message, newest order) {
	t.messages++
	name := m.header(mark)
	if name != "" && !isValid(name) {
		t.poison[place{m.partition, m.offset}] = m
		return
	}
	var event struct {
		ID     uuid.UUID `json:"uuid"`
		Target string    `json:"target_id"`
		Time   string    `json:"event_time"`
	}
	if err := json.Unmarshal(m.value, &event); err != nil || event.ID == uuid.Nil {
		t.strange = append(t.strange, place{m.partition, m.offset})
		return
	}
	if name != "" {
		t.sent[event.ID]++
		return
	}
	t.produced[event.ID]++
	if last, known := newest[event.Target]; known && t.produced[event.ID] == 1 && (last.partition != m.partition || last.time > event.Time) {
		t.disorder = append(t.disorder, event.ID)
	}
	at := newest[event.Target]
	at.partition, at.time = m.partition, max(at.time, event.Time)
	newest[event.Target] = at
}

func isValid(name string) bool {
	for _, s := range specimens {
		if s.name == name {
			return s.valid
		}
	}
	return false
}

// deadLetter takes down where a dead letter comes from.
func (t *tally) deadLetter(m message) {
	partition, err := strconv.Atoi(m.header("dead-letter-partition"))
	offset, alsoErr := strconv.ParseInt(m.header("dead-letter-offset"), 10, 64)
	if err := errors.Join(err, alsoErr); err != nil {
		t.failures = append(t.failures, fmt.Sprintf("a dead letter that does not say where it comes from: %v", err))
		return
	}
	at := place{partition, offset}
	t.letters[at]++
	if was := t.poison[at]; !m.isLetterOf(was) {
		t.changed = append(t.changed, at)
	}
}

// isLetterOf tells whether the dead letter has the value and the mark of a message; null stays null. One that had to be
// cut says how long the value was.
func (m message) isLetterOf(was message) bool {
	if m.header(mark) != was.header(mark) {
		return false
	}
	if cut := m.header("dead-letter-truncated"); cut != "" {
		return cut == strconv.Itoa(len(was.value)) && bytes.HasPrefix(was.value, m.value)
	}
	return bytes.Equal(m.value, was.value) && (m.value == nil) == (was.value == nil)
}

// log takes down what a producer's log calls acknowledged. A last line that was cut off by a kill says nothing.
func (t *tally) log(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	for lines := bufio.NewReader(file); ; {
		text, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		var line struct {
			Message string      `json:"msg"`
			IDs     []uuid.UUID `json:"uuids"`
		}
		if json.Unmarshal(text, &line) != nil || line.Message != "events are acknowledged" {
			continue
		}
		for _, id := range line.IDs {
			t.acknowledged[id]++
		}
	}
}

// database takes down every row.
func (t *tally) database(ctx context.Context, url string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }() // nothing is under way
	rows, err := conn.Query(ctx, "SELECT uuid FROM probe_events UNION ALL SELECT uuid FROM events")
	if err != nil {
		return err
	}
	var id [16]byte
	if _, err = pgx.ForEachRow(rows, []any{&id}, func() error {
		t.rows[id]++
		return nil
	}); err != nil {
		return err
	}
	rows, err = conn.Query(ctx, staleStates)
	if err != nil {
		return err
	}
	t.stale, err = pgx.CollectRows(rows, pgx.RowTo[string])
	return err
}

const staleStates = `SELECT target_id::text FROM target_state s
FULL JOIN (SELECT target_id, location, max(event_time) AS newest FROM probe_events GROUP BY 1, 2) p USING (target_id, location)
WHERE s.event_time IS DISTINCT FROM p.newest ORDER BY 1`
