//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/uptimer/uptimer/events/eventstest"
	"github.com/uptimer/uptimer/events/topic/topictest"
	"github.com/uptimer/uptimer/internal/servertest"
	"github.com/uptimer/uptimer/internal/testservices"
	"github.com/uptimer/uptimer/internal/unhurried"
)

// isReady waits until /readyz of a process says so, or the opposite.
func isReady(t *testing.T, addr string, ready bool) {
	t.Helper()
	want := exitFailed
	if ready {
		want = exitDone
	}
	unhurried.Until(t, fmt.Sprintf("health --ready ends with %d", want), func() bool {
		return call(t, []string{"METRICS_ADDR=" + addr}, "health", "--ready").code == want
	})
}

// metric is a sample that a process shows, by its name with its labels; 0 if it is not there, or the process is not.
func metric(t *testing.T, addr, name string) (value float64) {
	t.Helper()
	answer, err := http.Get("http://" + addr + "/metrics")
	if err != nil {
		return 0
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	for line := range strings.Lines(string(text)) {
		if after, ok := strings.CutPrefix(line, name+" "); ok {
			value, _ = strconv.ParseFloat(strings.TrimSpace(after), 64)
		}
	}
	return value
}

// reminder is in a line that says again, as each minute, that a fault lasts; on a busy machine a short one may.
var reminder = regexp.MustCompile(`("for":"| for=)[0-9hm]*m[0-9]`)

// times is how many lines of the log say a text, reminders left out.
func (p *process) times(text string) (n int) {
	for line := range strings.Lines(p.log()) {
		if !reminder.MatchString(line) {
			n += strings.Count(line, text)
		}
	}
	return n
}

// saysOnce wants a line in the log once.
func (p *process) saysOnce(line string) {
	p.t.Helper()
	if n := p.times(line); n != 1 {
		p.t.Errorf("the log says %d times, want once: %s\n%s", n, line, p.log())
	}
}

// troubles wants at most so many lines that are warnings or errors.
func (p *process) troubles(most int) {
	p.t.Helper()
	if n := p.times(`"level":"ERROR"`) + p.times(`"level":"WARN"`); n > most {
		p.t.Errorf("%d lines say what is wrong, want at most %d:\n%s", n, most, p.log())
	}
}

// uuids are the ids of all events on stdout, until its end.
func (p *process) uuids() map[string]bool {
	all := map[string]bool{}
	for e, ok := next(p); ok; e, ok = next(p) {
		all[e.UUID] = true
	}
	return all
}

// through is a database's URL that leads through a door.
func through(t *testing.T, database string) (d *door, address string) {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	d = newDoor(t, u.Host)
	u.Host = d.address
	return d, u.String()
}

// stored are the ids of the checks in a database.
func stored(t *testing.T, database string) map[string]bool {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	rows, _ := conn.Query(t.Context(), "SELECT uuid::text FROM probe_events") // CollectRows has the error
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]bool{}
	for _, id := range list {
		all[id] = true
	}
	return all
}

// count is how many checks there are in a database.
func count(t *testing.T, conn *pgx.Conn) (n int) {
	t.Helper()
	if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM probe_events").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// backlog puts large events on a topic with three partitions. They are sent as they are, without being compressed.
func backlog(t *testing.T, broker, topic string, n int) {
	t.Helper()
	var fields map[string]any
	if err := eventstest.Example(t, "HTTPProbeEvent").Decode(&fields); err != nil {
		t.Fatal(err)
	}
	fields["uuid"], fields["event_time"] = "{uuid}", time.Now().UTC().Format("2006-01-02T15:04:05.000000Z")
	fields["up"], fields["reason"], fields["error"] = false, "status", strings.Repeat("long story ", 500)
	pattern, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	client := topictest.Client(t, broker)
	topictest.Create(t, client, topic, 3)
	for at := 0; at < n; at += 100 {
		var batch []kafka.Message
		for range 100 {
			id := uuid.Must(uuid.NewV7()).String()
			batch = append(batch, kafka.Message{Value: bytes.ReplaceAll(pattern, []byte("{uuid}"), []byte(id))})
		}
		topictest.Put(t, client, topic, at/100%3, batch...)
	}
}

// A database that is not there yet, is not migrated yet, goes away and hangs is what happens in a year of operation.
// None of it may lose an event, fill the memory, or bury the log. (Seen to fail: with BUFFER_BYTES at its default the
// heap of 9,000 such events is 234 MiB; with a Write that returns nil where it should return its error, nothing is said of the second time.)
func TestADatabaseThatComesAndGoes(t *testing.T) {
	t.Parallel()
	const total, mostHeap = 6000, 56 << 20
	s, name, env := aTopic(t)
	backlog(t, s.KafkaPlaintext, name, total)
	database := testservices.Database(t)
	door, address := through(t, database)
	addr := servertest.FreeAddress(t)
	door.slow.Store(true) // so that not all is stored before it is shut, however late that is
	p := start(t, append(env, "READER_PLUGIN=kafka", "WRITER_PLUGIN=postgres", "DATABASE_URL="+address,
		"BUFFER_BYTES=4MiB", "POSTGRES_PAGESIZE=300", "GOGC=100", "METRICS_ADDR="+addr)) // GOGC: what is held counts, not how much garbage may lie beside it
	heap := 0.0
	look := func() { heap = max(heap, metric(t, addr, "go_memstats_heap_inuse_bytes")) }

	p.says("the database cannot be used")
	isReady(t, addr, false)
	for range 20 { // it must have had the time to read more than it should
		look()
		time.Sleep(50 * time.Millisecond)
	}
	door.open()
	p.says("run `uptimer migrate`")
	isReady(t, addr, false)
	if c := call(t, []string{"DATABASE_URL=" + database}, "migrate"); c.code != exitDone {
		t.Fatal(c.stderr)
	}
	p.says("the database is migrated")
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	more := func(n int) func() bool {
		return func() bool { look(); return count(t, conn) >= n }
	}
	unhurried.Until(t, "the first rows", more(1))
	door.shut()
	p.says("events could not be written")
	isReady(t, addr, false)
	before := count(t, conn)
	if before == total {
		t.Error("all was stored before the database went away, so that nothing was seen")
	}
	door.open()
	unhurried.Until(t, "more rows", more(before+1))
	p.says("events are written again")
	door.freeze()
	before = count(t, conn)
	isReady(t, addr, false)
	unhurried.Until(t, "the log says that a write hangs", func() bool { return strings.Contains(p.log(), "a write has taken 10s so far") })
	door.slow.Store(false)
	door.thaw()
	unhurried.Until(t, "all rows", more(total))
	isReady(t, addr, true)
	p.signal(syscall.SIGTERM)
	p.exit(exitDone)

	if n := count(t, conn); n != total || before == total {
		t.Errorf("%d rows, want %d; %d before the database hung", n, total, before)
	}
	for _, line := range []string{"the database cannot be used", "the database can be used", "run `uptimer migrate`; waiting",
		"the database is migrated"} {
		p.saysOnce(line)
	}
	for _, line := range []string{"events could not be written", "events are written again"} { // it was away, and it hung
		if n := strings.Count(p.log(), line); n != 2 {
			t.Errorf("the log says %d times, want twice: %s\n%s", n, line, p.log())
		}
	}
	p.troubles(4)
	if heap > mostHeap {
		t.Errorf("%.0f MiB of heap, want at most %d: BUFFER_BYTES is 4 MiB", heap/(1<<20), mostHeap>>20)
	}
}

// Who probes straight into a database would lose every check of an outage, or run out of memory. Checks that cannot be
// kept must not be made, and be counted. (Seen to fail with a writer that returns nil where it should return its
// error: /readyz stays.)
func TestProbesAndADatabaseThatComesAndGoes(t *testing.T) {
	t.Parallel()
	database := testservices.Database(t)
	if c := call(t, []string{"DATABASE_URL=" + database}, "migrate"); c.code != exitDone {
		t.Fatal(c.stderr)
	}
	door, address := through(t, database)
	addr := servertest.FreeAddress(t)
	p := start(t, []string{"PROBE_URLS=" + manyTargets(aServer(t), 10), "PROBE_INTERVAL=0.05", "BUFFER_BYTES=64KiB",
		"WRITER_PLUGIN=stdout,postgres", "POSTGRES_QUEUE_TIMEOUT=0.1", "DATABASE_URL=" + address, "METRICS_ADDR=" + addr})
	made := make(chan map[string]bool, 1)
	go func() { made <- p.uuids() }()
	skipped := func() float64 { return metric(t, addr, `uptimer_slots_skipped_total{cause="writer"}`) }
	written := func() float64 { return metric(t, addr, `uptimer_events_written_total{writer="postgres"}`) }

	p.says("the database cannot be used")
	isReady(t, addr, false)
	for range 2 {
		before := skipped()
		unhurried.Until(t, "checks are left out", func() bool { return skipped() > before })
		had := written()
		door.open()
		unhurried.Until(t, "events are written", func() bool { return written() > had })
		isReady(t, addr, true)
		door.shut()
		isReady(t, addr, false)
	}
	door.open()
	isReady(t, addr, true)
	p.signal(syscall.SIGTERM)
	p.exit(exitDone)
	if made, stored := <-made, stored(t, database); !maps.Equal(made, stored) || len(made) < 100 {
		t.Errorf("%d events were made, %d are stored, and these are not the same", len(made), len(stored))
	}
	p.saysOnce("the database cannot be used")
	p.troubles(8) // for each outage: the database, and what that means for the checks
}

// manyTargets is a list of so many URLs of a server.
func manyTargets(server string, n int) string {
	var list []string
	for i := range n {
		list = append(list, strconv.Quote(fmt.Sprintf("%s/%d", server, i)))
	}
	return "[" + strings.Join(list, ",") + "]"
}

// behind is a listener that goes by the name of a door.
type behind struct {
	net.Listener
	door *door
}

func (b behind) Addr() net.Addr {
	addr, _ := net.ResolveTCPAddr("tcp", b.door.address)
	return addr
}

// brokerBehind starts a broker that can be reached through a door alone, which is shut.
func brokerBehind(t *testing.T) *door {
	t.Helper()
	d := newDoor(t, "")
	topictest.Brokers(t, kfake.NumBrokers(1), kfake.ListenFn(func(network, address string) (net.Listener, error) {
		l, err := net.Listen(network, address)
		if err == nil {
			d.to = l.Addr().String()
		}
		return behind{l, d}, err
	}))
	return d
}

// A broker that is away must cost neither a check nor the consumer, at the start and later. (Seen to fail with a writer
// that returns nil where it should return its error: /readyz stays.)
func TestABrokerThatComesAndGoes(t *testing.T) {
	t.Parallel()
	door := brokerBehind(t)
	env := []string{"KAFKA_BOOTSTRAP_SERVER=" + door.address, "KAFKA_WRITER_TOPIC=checks", "KAFKA_READER_TOPIC=checks", "KAFKA_TOPIC_PARTITIONS=3"}
	own := []string{servertest.FreeAddress(t), servertest.FreeAddress(t)}
	producer := start(t, append(slices.Clone(env), "PROBE_URLS="+manyTargets(aServer(t), 10), "PROBE_INTERVAL=0.2", "WRITER_PLUGIN=stdout,kafka", "METRICS_ADDR="+own[0]))
	consumer := start(t, append(slices.Clone(env), "READER_PLUGIN=kafka", "WRITER_PLUGIN=stdout", "METRICS_ADDR="+own[1]))
	made := make(chan map[string]bool, 1)
	go func() { made <- producer.uuids() }()
	var mu sync.Mutex
	read := map[string]bool{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for e, ok := next(consumer); ok; e, ok = next(consumer) {
			mu.Lock()
			read[e.UUID] = true
			mu.Unlock()
		}
	}()
	seen := func() int { mu.Lock(); defer mu.Unlock(); return len(read) }

	for _, p := range []*process{producer, consumer} {
		p.says("Kafka cannot be reached; waiting for it")
	}
	for range 2 {
		for _, addr := range own {
			isReady(t, addr, false)
		}
		before := seen()
		door.open()
		unhurried.Until(t, "events arrive", func() bool { return seen() > before })
		for _, addr := range own {
			isReady(t, addr, true)
		}
		door.shut()
	}
	for _, addr := range own {
		isReady(t, addr, false)
	}
	door.open()
	isReady(t, own[0], true)
	producer.signal(syscall.SIGTERM)
	producer.exit(exitDone)
	all := <-made
	unhurried.Until(t, "all events arrive", func() bool { return seen() >= len(all) })
	consumer.signal(syscall.SIGTERM)
	consumer.exit(exitDone)
	<-done
	if !maps.Equal(all, read) || len(all) < 20 {
		t.Errorf("%d events were made, %d have arrived, and these are not the same", len(all), len(read))
	}
	for _, p := range []*process{producer, consumer} {
		p.saysOnce("Kafka cannot be reached; waiting for it")
		p.troubles(6)
	}
}
