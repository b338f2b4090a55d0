//go:build unix

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/events/topic/topictest"
	"github.com/uptimer/uptimer/internal/servertest"
	"github.com/uptimer/uptimer/internal/testservices"
	"github.com/uptimer/uptimer/internal/unhurried"
)

// aDatabase is the address of a database of the real server that is migrated and nobody else's.
func aDatabase(t *testing.T) string {
	t.Helper()
	url := testservices.Database(t)
	if got := call(t, []string{"DATABASE_URL=" + url}, "migrate"); got.code != exitDone {
		t.Fatal(got.stderr)
	}
	return url
}

// query is the texts that a statement selects.
func query(t *testing.T, database, statement string) (texts []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	rows, _ := conn.Query(ctx, statement) // CollectRows has the error
	if texts, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
		t.Fatal(err)
	}
	return texts
}

// storedIn are the ids of the events in a database.
func storedIn(t *testing.T, database string) map[string]int {
	t.Helper()
	all := map[string]int{}
	for _, id := range query(t, database, "SELECT uuid::text FROM events UNION ALL SELECT uuid::text FROM probe_events") {
		all[id]++
	}
	return all
}

// holds fails the test unless these are so many events, each once.
func holds(t *testing.T, where string, all map[string]int, count int) {
	t.Helper()
	if len(all) != count {
		t.Errorf("%s holds %d events, want %d", where, len(all), count)
	}
	for id, n := range all {
		if n != 1 {
			t.Errorf("%s holds event %s %d times", where, id, n)
		}
	}
}

// Somebody who looks at his events while they go to the database must see all of them, and find all of them there.
func TestStdoutBesidePostgres(t *testing.T) {
	t.Parallel()
	database := aDatabase(t)
	p := start(t, []string{
		"READER_PLUGIN=dummy", "DUMMY_EVENT_COUNT=5000", "WRITER_PLUGIN=writers.stdout,postgres,stdout", "DATABASE_URL=" + database,
		"WORKERS=3", "LOG_FORMAT=json", "POSTGRES_QUEUE_TIMEOUT=0.05",
	})
	printed := map[string]int{}
	for e, ok := p.next(); ok; e, ok = p.next() {
		printed[e.UUID]++
	}
	p.exit(exitDone)
	stored := storedIn(t, database)
	holds(t, "stdout", printed, 5000)
	holds(t, "the database", stored, 5000)
	for id := range printed {
		if stored[id] == 0 {
			t.Fatalf("event %s was printed and is not in the database", id)
		}
	}
	if !strings.Contains(p.log(), `"writer":"stdout,postgres","workers":"3"`) {
		t.Errorf("the log does not say what is written to:\n%s", p.log())
	}
}

// `uptimer | head -1` beside a destination that counts must not end the probing, nor cost one event of it.
func TestAClosedStdoutBesideOthers(t *testing.T) {
	t.Parallel()
	for _, other := range []string{"postgres", "kafka"} {
		t.Run(other, func(t *testing.T) {
			t.Parallel()
			services, topic, env := aTopic(t)
			database := aDatabase(t)
			p := start(t, append(env, "READER_PLUGIN=dummy", "DUMMY_EVENT_COUNT=20000", "WRITER_PLUGIN=stdout,"+other,
				"DATABASE_URL="+database, "POSTGRES_QUEUE_TIMEOUT=0.1"))
			p.want("the first", func(event) bool { return true })
			_ = p.stdout.Close()
			p.exit(exitDone)
			if n := strings.Count(p.log(), "going on without it"); n != 1 {
				t.Errorf("%d lines, want one:\n%s", n, p.log())
			}
			if other == "kafka" {
				holds(t, "the topic", uuidsOf(t, services.KafkaPlaintext, topic), 20_000)
			} else {
				holds(t, "the database", storedIn(t, database), 20_000)
			}
		})
	}
}

// assigned are how many partitions each worker has, as the log says last.
func assigned(t *testing.T, log string) map[int]int {
	t.Helper()
	all := map[int]int{}
	for line := range strings.Lines(log) {
		var said struct {
			Msg        string
			Worker     int
			Partitions []any
		}
		if json.Unmarshal([]byte(line), &said) == nil && said.Msg == "partitions are assigned" {
			all[said.Worker] = len(said.Partitions)
		}
	}
	return all
}

// A consumer that is told to use two workers must use both, and store each event once.
func TestTwoWorkersOfAConsumer(t *testing.T) {
	t.Parallel()
	services, topic, env := aTopic(t)
	topictest.Create(t, topictest.Client(t, services.KafkaPlaintext), topic, 6)
	database := aDatabase(t)
	env = append(env, "DATABASE_URL="+database, "POSTGRES_QUEUE_TIMEOUT=0.1", "LOG_LEVEL=debug")
	consumer := start(t, append(env, "READER_PLUGIN=kafka", "WORKERS=2", "WRITER_PLUGIN=postgres"))
	shared := func() bool {
		all := assigned(t, consumer.log())
		return all[1] == 3 && all[2] == 3
	}
	unhurried.Until(t, "both workers have three partitions", shared)
	const count = 20_000
	start(t, append(env, "READER_PLUGIN=dummy", fmt.Sprintf("DUMMY_EVENT_COUNT=%d", count), "WRITER_PLUGIN=kafka")).exit(exitDone)
	rows := func() string { return query(t, database, "SELECT count(*)::text FROM events")[0] }
	unhurried.Until(t, "all events are stored", func() bool { return rows() == fmt.Sprint(count) })
	unhurried.Until(t, "both workers still have three partitions", shared)
	// Now and then there is one more for a moment: a writer that has nothing to do looks whether the database is there.
	unhurried.Until(t, "there is one connection for each worker", func() bool { return connections(t, database) == "2" })
	consumer.signal(syscall.SIGTERM)
	consumer.exit(exitDone)
	holds(t, "the database", storedIn(t, database), count)
}

// connections is how many connections there are to a database, without the one that asks.
func connections(t *testing.T, database string) string {
	t.Helper()
	return query(t, database, "SELECT count(*)::text FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")[0]
}

// Probes with three workers must store each event once, over three connections.
func TestThreeWorkersOfProbes(t *testing.T) {
	database, url := aDatabase(t), aServer(t)
	var list strings.Builder
	for i := range 30 {
		fmt.Fprintf(&list, "%s/%d,0.1\n", url, i)
	}
	file := t.TempDir() + "/targets.csv"
	write(t, file, list.String())
	p := start(t, []string{"PROBE_TARGETS_FILE=" + file, "WORKERS=3", "WRITER_PLUGIN=stdout,postgres", "DATABASE_URL=" + database, "POSTGRES_QUEUE_TIMEOUT=0.1"})
	made := make(chan map[string]bool, 1)
	go func() { made <- p.uuids() }()
	unhurried.Until(t, "there are three connections", func() bool { return connections(t, database) == "3" })
	unhurried.Until(t, "much is stored", func() bool { return len(storedIn(t, database)) > 300 })
	p.signal(syscall.SIGTERM)
	p.exit(exitDone)
	holds(t, "the database", storedIn(t, database), len(<-made))
}

// A stdout that nobody reads any more is not missed: the orchestrator must not take the instance out for it.
func TestAClosedStdoutIsReady(t *testing.T) {
	w := &watched{name: "stdout"}
	w.note(fmt.Errorf("writing: %w", events.ErrWriterGone))
	if err := w.ready(); err != nil {
		t.Error(err)
	}
}

// Who reads that an instance is not ready must learn which of its destinations is missing.
func TestReadyNamesTheWriter(t *testing.T) {
	t.Parallel()
	addr := servertest.FreeAddress(t)
	p := start(t, []string{
		"PROBE_URLS=" + aServer(t), "WRITER_PLUGIN=stdout,postgres", "WORKERS=2", "METRICS_ADDR=" + addr,
		"DATABASE_URL=postgres://u@" + servertest.FreeAddress(t) + "/x",
	})
	want := "writer postgres: events cannot be written"
	var said string
	for deadline := time.Now().Add(patience); !strings.Contains(said, want); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it says %q, want %q\n%s", said, want, p.log())
		}
		said = call(t, []string{"METRICS_ADDR=" + addr}, "health", "--ready").stderr
	}
	if strings.Contains(said, "stdout") || strings.Count(said, "\n") > 2 {
		t.Errorf("it says %q, want a line for the database alone", said)
	}
	p.signal(syscall.SIGTERM)
	p.exit(exitFailed) // the first check could not be stored
}
