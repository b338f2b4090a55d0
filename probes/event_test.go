package probes_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"math/rand" //nolint:depguard // testing/quick wants this one
	"net/netip"
	"reflect"
	"slices"
	"testing"
	"testing/quick"
	"time"

	"github.com/google/uuid"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/events/eventstest"
	"github.com/uptimer/uptimer/probes"
	httpprobe "github.com/uptimer/uptimer/probes/http"
	"github.com/uptimer/uptimer/probes/icmp"
	"github.com/uptimer/uptimer/probes/tcp"
	"github.com/uptimer/uptimer/schemas"
	"github.com/uptimer/uptimer/targets"
)

// details are the parts of events that write themselves, by their schema.
var details = map[string]events.FieldsAppender{
	"HTTPProbeEvent": httpprobe.Details{}, "TCPProbeEvent": tcp.Details{}, "ICMPProbeEvent": icmp.Details{},
}

// If this failed, events would hold something else than what a probe saw: what it writes by hand must be what
// encoding/json makes of the same struct.
//
// Seen to fail with a letter of body_bytes left out.
func TestDetailsAreWrittenAsTheyAre(t *testing.T) {
	for title, example := range details {
		for _, d := range anyOf(t, example, 2000) {
			var text bytes.Buffer
			enc := json.NewEncoder(&text)
			enc.SetEscapeHTML(false)
			if err := enc.Encode(d); err != nil {
				t.Fatal(err)
			}
			want := "," + text.String()[1:text.Len()-2]
			if got := string(d.AppendFields([]byte("x"))); got != "x"+want {
				t.Fatalf("%s:\n got %s\nwant %s", title, got[1:], want)
			}
		}
	}
}

// anyOf makes values of the same type, with all that its fields can hold.
func anyOf(t *testing.T, example events.FieldsAppender, count int) (all []events.FieldsAppender) {
	t.Helper()
	random := rand.New(rand.NewSource(1)) //nolint:gosec // the same each time
	for range count {
		v, ok := quick.Value(reflect.TypeOf(example), random)
		if !ok {
			t.Fatalf("no values of %T", example)
		}
		all = append(all, v.Interface().(events.FieldsAppender)) //nolint:forcetypeassert // the type is example's
	}
	return all
}

// If this failed, a field that a schema names would not be in events, or never with one of the types that it may have.
func TestDetailsAreThoseOfTheSchema(t *testing.T) {
	common := properties(t, "ProbeEvent")
	for title, example := range details {
		want := properties(t, title)
		maps.DeleteFunc(want, func(name string, _ map[string]bool) bool { return common[name] != nil }) // narrowed there
		if got := typesOf(t, anyOf(t, example, 200)); !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %v\nwant %v", title, got, want)
		}
	}
}

// typesOf is which types the fields have that are written.
func typesOf(t *testing.T, parts []events.FieldsAppender) map[string]map[string]bool {
	t.Helper()
	types := map[string]map[string]bool{}
	for _, d := range parts {
		var fields map[string]any
		text := d.AppendFields([]byte(`{"schema_title":""`))
		if err := json.Unmarshal(append(text, '}'), &fields); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		delete(fields, "schema_title")
		addTypes(types, fields)
	}
	return types
}

func addTypes(types map[string]map[string]bool, fields map[string]any) {
	for name, value := range fields {
		if types[name] == nil {
			types[name] = map[string]bool{}
		}
		types[name][typeOf(value)] = true
	}
}

func typeOf(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case float64:
		return "number"
	}
	return "object"
}

// properties are the fields that a schema file itself names, and the types that they may have.
func properties(t *testing.T, title string) map[string]map[string]bool {
	t.Helper()
	text, err := schemas.FS.ReadFile(title + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Properties map[string]struct {
			Type any
		}
	}
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	delete(schema.Properties, "schema_title")
	delete(schema.Properties, "schema_version")
	want := map[string]map[string]bool{}
	for name, p := range schema.Properties {
		want[name] = map[string]bool{}
		list, several := p.Type.([]any)
		if !several {
			list = []any{p.Type}
		}
		for _, one := range list {
			word, _ := one.(string)
			if word == "integer" {
				word = "number"
			}
			want[name][word] = true
		}
	}
	return want
}

// If this failed, what every probe's event tells of target, address, time and verdict would be wrong, or not all that
// the schema names.
func TestEventsTellWhatWasSeen(t *testing.T) {
	types := map[string]map[string]bool{}
	for _, c := range eventCases() {
		e, err := probes.NewEvent(eventstest.Catalog(t), c.where, c.target, c.due, c.result)
		if err != nil {
			t.Fatal(err)
		}
		var got map[string]any
		if err := e.Decode(&got); err != nil {
			t.Fatal(err)
		}
		maps.DeleteFunc(got, func(name string, _ any) bool { return !slices.Contains(slices.Collect(maps.Keys(c.want)), name) })
		text, err := json.Marshal(c.want)
		if err != nil {
			t.Fatal(err)
		}
		var want map[string]any
		if err := json.Unmarshal(text, &want); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got  %v\nwant %v", got, want)
		}
		addTypes(types, got)
	}
	if want := properties(t, "ProbeEvent"); !reflect.DeepEqual(types, want) {
		t.Errorf("types are %v\nwant %v", types, want)
	}
}

type eventCase struct {
	where  probes.Where
	target targets.Target
	due    time.Time
	result probes.Result
	want   map[string]any
}

const oddText = "\x00\n\"<é>&\\ \u2028\xff 😀"

func eventCases() []eventCase {
	due := time.Date(2026, 1, 2, 3, 4, 5, 678_901_234, time.FixedZone("", 3600))
	id := uuid.MustParse("33ea95eb-a074-5116-9fe6-169dc42ac750")
	up := probes.Result{Title: "HTTPProbeEvent", Began: due, Took: 1234567 * time.Microsecond, Reason: probes.OK, IP: netip.MustParseAddr("2001:db8::1"), Details: httpprobe.Details{Method: "GET"}}
	up.Timings.Add(probes.PhaseDNS, 0)
	up.Timings.Add(probes.PhaseConnect, 1234500*time.Microsecond)
	up.Timings.Add(probes.PhaseReceive, 67*time.Microsecond)
	down := probes.Result{Title: "ICMPProbeEvent", Began: due, Reason: probes.Timeout, Error: oddText, Details: icmp.Details{PacketsSent: 1}}
	zoned := up
	zoned.IP = netip.MustParseAddr(`fe80::1%a"b`)
	return []eventCase{
		{
			probes.Where{Location: oddText, Instance: "é"},
			targets.Target{ID: id, URL: "https://u:p@Example.com/h%20?q", Name: oddText, Options: &targets.Options{Labels: `{"a":"<\"é"}`}}, due, up,
			map[string]any{
				"target": "https://Example.com/h%20?q", "target_id": id.String(), "target_name": oddText, "labels": map[string]string{"a": "<\"é"},
				"protocol": "https", "hostname": "example.com", "port": 443, "path": "/h%20", "ip": "2001:db8::1", "location": oddText, "instance": "é",
				"scheduled_at": "2026-01-02T02:04:05.678901Z", "up": true, "reason": "ok", "error": "", "response_time_ms": 1234.567,
				"timings_ms": map[string]float64{"dns": 0, "connect": 1234.5, "receive": 0.067},
			},
		},
		{
			probes.Where{}, targets.Target{ID: id, URL: "icmp://192.0.2.7", Options: &targets.Options{}}, due, down,
			map[string]any{
				"target": "icmp://192.0.2.7", "target_id": id.String(), "target_name": nil, "labels": nil, "protocol": "icmp", "hostname": "192.0.2.7",
				"port": nil, "path": nil, "ip": nil, "location": "", "instance": "", "scheduled_at": "2026-01-02T02:04:05.678901Z", "up": false,
				"reason": "timeout", "error": oddText, "response_time_ms": 0, "timings_ms": map[string]float64{},
			},
		},
		{probes.Where{}, targets.Target{ID: id, URL: "http://h/", Options: &targets.Options{}}, due, zoned, map[string]any{"ip": `fe80::1%a"b`, "port": 80}},
	}
}

// If this failed, response times and phases would be wrong in the last digits, or not add up.
func TestMillisAreWrittenInFull(t *testing.T) {
	for _, micros := range []int64{0, 1, 10, 100, 999, 1000, 1001, 1010, 1100, 83412, 10_000_000, 1 << 50, -1, -1500} {
		want, _ := json.Marshal(float64(micros) / 1000)
		if got := probes.AppendMillis(nil, time.Duration(micros)*time.Microsecond); string(got) != string(want) {
			t.Errorf("%d µs: got %s, want %s", micros, got, want)
		}
	}
}
