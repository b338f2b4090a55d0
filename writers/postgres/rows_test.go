package postgres

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/events/eventstest"
)

// readBack is all that the database says of an event under the names of its fields: from the row, the details, and
// the target.
const readBack = `SELECT coalesce(to_jsonb(t), '{}') || (to_jsonb(e) - 'details') || e.details
FROM probe_events e LEFT JOIN targets t USING (target_id) WHERE e.uuid = $1`

// isReadBack fails the test unless every field of the event can be read back as it was.
func isReadBack(t *testing.T, conn *pgx.Conn, e events.Event) {
	t.Helper()
	query := readBack
	if !e.Is("ProbeEvent") {
		query = "SELECT body FROM events WHERE uuid = $1"
	}
	var text []byte
	if err := conn.QueryRow(t.Context(), query, [16]byte(e.ID())).Scan(&text); err != nil {
		t.Fatalf("%s: %v", e.Title(), err)
	}
	var want, got map[string]any
	if err := e.Decode(&want); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if value, there := got[name]; !there || !same(value, want[name]) {
			t.Errorf("%s: %s is %v, want %v (there: %v)", e.Title(), name, value, want[name], there)
		}
	}
}

// same compares values; a time is the same however it is written.
func same(a, b any) bool {
	x, isText := a.(string)
	y, isText2 := b.(string)
	if isText && isText2 {
		s, err := time.Parse(time.RFC3339Nano, x)
		u, err2 := time.Parse(time.RFC3339Nano, y)
		if err == nil && err2 == nil {
			return s.Equal(u)
		}
	}
	return reflect.DeepEqual(a, b)
}

// If this failed, what an event said could not be found in the database, or be found as something else. (Seen to fail
// with document leaving out the target's fields always: the second check of "checkout" had the first one's URL.)
func TestEveryFieldIsReadBack(t *testing.T) {
	url := migrated(t)
	w := started(t, "DATABASE_URL="+url)
	named := map[string]string{"target_name": `"checkout"`, "labels": `{"team":"a"}`}
	moved := map[string]string{
		"target_name": `"checkout"`, "labels": `{"team":"b"}`, "target": `"http://other.example:81/x?q=\"1\""`, "protocol": `"http"`,
		"hostname": `"other.example"`, "port": `81`, "path": `"/x"`, "status_code": "2e2", "response_time_ms": "1.5e-7",
	}
	list := []events.Event{
		eventstest.Example(t, "HTTPProbeEvent"), eventstest.Example(t, "TCPProbeEvent"), eventstest.Example(t, "ICMPProbeEvent"),
		eventstest.Example(t, "DummyEvent"),
		changed(t, "HTTPProbeEvent", named), changed(t, "HTTPProbeEvent", moved),
		changed(t, "HTTPProbeEvent", map[string]string{"path": "", "port": "null", "error": `"a \"quoted\" é  \\ text"`, "ip": `"fe80::1%eth0"`}),
		changed(t, "HTTPProbeEvent", map[string]string{"schema_version": `"1.7"`, "new\\n \"field": `{"a":[1,"}",{"b":null}]}`, "weight": "1e300"}),
		changed(t, "HTTPProbeEvent", map[string]string{"path": "", "target_name": "", "labels": ""}),
	}
	write(t, w, list...)
	write(t, w, list...) // and again, when the targets are there
	conn := connect(t, url)
	for _, e := range list {
		isReadBack(t, conn, e)
	}
	for _, e := range list[4:] { // in transactions of their own: another is the first of its target
		again := changed(t, e.Title(), map[string]string{"target_id": `"` + e.Key() + `"`})
		write(t, w, again)
		isReadBack(t, conn, again)
	}
}

// If this failed, fields of a check would be lost when its page is tried again.
//
// Seen to fail when document sorts the details in place.
func TestEveryFieldIsReadBackAfterAnotherTry(t *testing.T) {
	url := migrated(t)
	w, conn := started(t, "DATABASE_URL="+url), connect(t, url)
	for _, title := range []string{"HTTPProbeEvent", "TCPProbeEvent", "ICMPProbeEvent"} {
		e := changed(t, title, map[string]string{"hostname": `"ours.example"`})
		if _, err := conn.Exec(t.Context(), "INSERT INTO targets (target_id, target, hostname) VALUES ($1, 'http://other.example', 'other.example')", e.Key()); err != nil {
			t.Fatal(err)
		}
		// The second has the page tried again in halves.
		if rejected, err := w.Write(t.Context(), []events.Event{e, unstorableEvents(t)[3]}); err != nil || len(rejected) != 1 {
			t.Errorf("%v, rejected %v, want the second", err, rejected)
		}
		isReadBack(t, conn, e)
	}
}

// If this failed, a field that another type has under the name of one of ours would be lost where the target is known to
// have that.
//
// Seen to fail when what the event says of its target is added beside it.
func TestAFieldOfAnotherKind(t *testing.T) {
	p := &probe{details: []detail{{[]byte(`"path"`), []byte(`{"a":1}`)}}}
	if got := p.document(description{path: pgtype.Text{String: "/x", Valid: true}}); got != `{"path":{"a":1}}` {
		t.Errorf("got %s", got)
	}
}

// If this failed, what an event says of its target would be lost, because another writer's first word of the target came
// between our look and our own.
//
// Seen to fail when what was added is not looked at again.
func TestATargetThatAnotherAddsMeanwhile(t *testing.T) {
	url := migrated(t)
	w, other, conn := started(t, "DATABASE_URL="+url), connect(t, url), connect(t, url)
	e := changed(t, "HTTPProbeEvent", map[string]string{"hostname": `"ours.example"`})
	for _, sql := range []string{"BEGIN", "INSERT INTO targets (target_id, target, hostname) VALUES ('" + e.Key() + "', 'http://other.example', 'other.example')"} {
		if _, err := other.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	var writing sync.WaitGroup
	writing.Go(func() {
		if rejected, err := w.Write(t.Context(), []events.Event{e}); err != nil || len(rejected) > 0 {
			t.Error(err, rejected)
		}
	})
	waiting(t, url, 1)
	if _, err := other.Exec(t.Context(), "COMMIT"); err != nil {
		t.Error(err)
	}
	writing.Wait()
	isReadBack(t, conn, e)
}

// If this failed, who has a pooler in front of the database that knows no prepared statements could store nothing, or
// would store something else.
func TestEveryWayToAsk(t *testing.T) {
	url := migrated(t)
	for _, mode := range []string{"cache_describe", "describe_exec", "exec", "simple_protocol"} {
		w := started(t, "DATABASE_URL="+url+"&default_query_exec_mode="+mode)
		batch := []events.Event{
			changed(t, "HTTPProbeEvent", map[string]string{"labels": `{"{\"'":"\\,}"}`, "error": `"{it's,\"b\"} \\ NULL é"`, "status_code": "null"}),
			eventstest.Dummies(t, 1)[0], unstorableEvents(t)[3],
		}
		rejected, err := w.Write(t.Context(), batch)
		if err != nil || len(rejected) != 1 || rejected[0].Index != 2 {
			t.Fatalf("%s: %v, rejected %v, want the last", mode, err, rejected)
		}
		for _, e := range batch[:2] {
			isReadBack(t, connect(t, url), e)
		}
	}
}

// If this failed, a target that a person has switched on would be switched off by what is known of it already, or one
// that is only known from events would be probed.
func TestTargetsAreOnlyAdded(t *testing.T) {
	url := migrated(t)
	w := started(t, "DATABASE_URL="+url)
	e := changed(t, "HTTPProbeEvent", map[string]string{"labels": `{"team":"a"}`})
	write(t, w, e)
	if one[bool](t, url, "SELECT enabled FROM targets") {
		t.Error("a target from an event is enabled")
	}
	if got := one[string](t, url, "SELECT labels ->> 'team' FROM targets"); got != "a" {
		t.Errorf("its team is %q, want a", got)
	}
	if _, err := connect(t, url).Exec(t.Context(), "UPDATE targets SET enabled = true, regex = 'x', labels = '{}'"); err != nil {
		t.Fatal(err)
	}
	before := one[string](t, url, "SELECT to_jsonb(t)::text FROM targets t")
	write(t, w, e, changed(t, "HTTPProbeEvent", map[string]string{"target": `"https://elsewhere.example/"`}))
	if after := one[string](t, url, "SELECT to_jsonb(t)::text FROM targets t"); after != before {
		t.Errorf("the row was\n%s\nand is\n%s", before, after)
	}
}

// If this failed, a check could be blamed for another one's fields: what the fields of an object are must be what
// encoding/json says.
func FuzzEachField(f *testing.F) {
	for _, text := range []string{
		`{}`, `{"a":1}`, ` { "a" : "x,}\"" , "b\"\\" : [ {"c":[]} , "]" ] , "d":null }`, `{"é":{"a":{}},"z":-1e-5}`, `{"a":"\\"}`,
		`{"a":[],"b":{},"c":[[]],"d":true}`, `{"A":"\ud83d\ude00"}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, object []byte) {
		var want map[string]json.RawMessage
		if !utf8.Valid(object) || json.Unmarshal(object, &want) != nil || want == nil {
			return
		}
		got := map[string]json.RawMessage{}
		eachField(object, func(name, value []byte) { got[text(name)] = value })
		if !maps.EqualFunc(got, want, func(a, b json.RawMessage) bool { return string(a) == string(b) }) {
			t.Errorf("%s has %s, want %s", object, got, want)
		}
	})
}

// checkAt is a check of one of two targets that began so many seconds after some time today.
func checkAt(t *testing.T, target, second int, up bool) events.Event {
	t.Helper()
	reason := "ok"
	if !up {
		reason = "refused"
	}
	began := dayOf(time.Now()).Add(time.Duration(second) * time.Second).Format(events.TimeLayout)
	return changed(t, "TCPProbeEvent", map[string]string{
		"event_time": `"` + began + `"`, "target_id": `"00000000-0000-5000-8000-00000000000` + string(rune('0'+target)) + `"`,
		"up": map[bool]string{true: "true", false: "false"}[up], "reason": `"` + reason + `"`, "location": `""`,
	})
}

// stateOf is what the database says of all targets.
func stateOf(t *testing.T, url string) string {
	t.Helper()
	return one[string](t, url, `SELECT coalesce(string_agg(concat_ws(' ', target_id, location, up, reason, since, event_time, uuid), E'\n'
		ORDER BY target_id, location), '') FROM target_state`)
}

// If this failed, "down since" would depend on how checks were put together for writing, or a repeat would turn back
// what is known. (Seen to fail without the states before the last turn, and with < turned into >= in the upsert.)
func TestStatesAreThoseOfChecksOneByOne(t *testing.T) {
	oneByOne, inPages := migrated(t), migrated(t)
	single, paged := started(t, "DATABASE_URL="+oneByOne), started(t, "DATABASE_URL="+inPages)
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	var past []events.Event
	for round, second := 0, 0; round < 25; round++ {
		var page []events.Event
		for range 1 + random.IntN(6) {
			second++
			page = append(page, checkAt(t, 1+random.IntN(2), second, random.IntN(2) == 0))
		}
		for _, e := range page {
			write(t, single, e)
		}
		past = append(past, page...)
		if random.IntN(2) == 0 { // a page that is delivered again brings some of the past with it
			page = slices.Concat(past[max(0, len(past)-len(page)-random.IntN(4)):len(past)-len(page)], page)
		}
		random.Shuffle(len(page), func(i, j int) { page[i], page[j] = page[j], page[i] })
		write(t, paged, page...)
		if got, want := stateOf(t, inPages), stateOf(t, oneByOne); got != want {
			t.Fatalf("seed %d, round %d: the states are\n%s\nwant\n%s", seed, round, got, want)
		}
	}
	before := stateOf(t, inPages)
	write(t, paged, past...)
	if after := stateOf(t, inPages); after != before {
		t.Errorf("after all were written again, the states are\n%s\nwant\n%s", after, before)
	}
}

// If this failed, a producer that gives one id to two events would have a target's state say something else than its row.
// (Seen to fail with all of them kept: the row said up, the state down.)
func TestOneIDForTwoEvents(t *testing.T) {
	url := migrated(t)
	w := started(t, "DATABASE_URL="+url)
	for second := range 3 {
		var page []events.Event
		id := eventstest.Dummies(t, 1)[0].ID().String()
		for n := range 9 {
			page = append(page, changed(t, "TCPProbeEvent", map[string]string{
				"event_time": `"` + dayOf(time.Now()).Add(time.Duration(second)*time.Second).Format(events.TimeLayout) + `"`,
				"uuid":       `"` + id + `"`, "up": strconv.FormatBool(n%2 == 0),
			}))
		}
		write(t, w, page...)
		write(t, w, page[1:]...)
		if !one[bool](t, url, "SELECT e.up AND s.up FROM target_state s JOIN probe_events e USING (uuid)") {
			t.Error("the first one's row or state is not there")
		}
	}
}
