package events

import (
	"io/fs"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"
)

// If this failed, `uptimer schema` would not list the event types, or would take one for concrete that no event has.
func TestTitles(t *testing.T) {
	c := catalog(t)
	if got := c.Titles(); !slices.Equal(got, chosen) {
		t.Errorf("Titles() = %q, want %q", got, chosen)
	}
	for _, title := range chosen {
		abstract := title == "Event" || title == "ProbeEvent"
		if c.Concrete(title) == abstract {
			t.Errorf("Concrete(%q) = %t", title, !abstract)
		}
	}
	if c.Concrete("NoSuchEvent") {
		t.Error(`Concrete("NoSuchEvent") = true`)
	}
}

// If this failed, the events that the docs show would not be events.
func TestExamplesAreEvents(t *testing.T) {
	c := shipped(t)
	for title := range c.types {
		for i, example := range examples(t, title) {
			e, err := c.Parse(example)
			if err != nil {
				t.Errorf("%s, example %d: %v", title, i, err)
				continue
			}
			again, err := c.Parse(e.JSON())
			if err != nil || !reflect.DeepEqual(e, again) {
				t.Errorf("%s, example %d: read again it is %+v, %v; want %+v", title, i, again, err, e)
			}
			if strings.ContainsAny(string(e.JSON()), "\r\n") {
				t.Errorf("%s, example %d: its JSON has line breaks", title, i)
			}
			var before, after map[string]any
			_ = e.Decode(&after)
			before, err = decode(example)
			if err != nil || !slices.Equal(slices.Sorted(maps.Keys(before)), slices.Sorted(maps.Keys(after))) {
				t.Errorf("%s, example %d: has other fields after it was read", title, i)
			}
		}
	}
}

// If this failed, a writer would file events under a wrong type, time or target.
func TestWhatAnEventKnows(t *testing.T) {
	e, err := catalog(t).Parse(examples(t, "HTTPProbeEvent")[0])
	if err != nil {
		t.Fatal(err)
	}
	if e.Title() != "HTTPProbeEvent" || e.Version() != "1.0" {
		t.Errorf("it is a %s %s", e.Title(), e.Version())
	}
	if got := e.ID().String(); got != "019b7ca9-8f81-7a31-9c5d-3f0a8e1b7c42" {
		t.Errorf("ID() = %s", got)
	}
	if want := time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.UTC); e.Time() != want {
		t.Errorf("Time() = %s, want %s", e.Time(), want)
	}
	if e.Key() != "6c05c886-0de3-5458-9003-a90e5451f4ae" {
		t.Errorf("Key() = %q", e.Key())
	}
	for title, want := range map[string]bool{"HTTPProbeEvent": true, "ProbeEvent": true, "Event": true, "TCPProbeEvent": false, "": false} {
		if e.Is(title) != want {
			t.Errorf("Is(%q) = %t", title, !want)
		}
	}
	dummy, err := catalog(t).Parse(examples(t, "DummyEvent")[0])
	if err != nil || dummy.Key() != "" || dummy.Is("ProbeEvent") || !dummy.Is("Event") {
		t.Errorf("a DummyEvent has the key %q, Is(ProbeEvent) %t, %v", dummy.Key(), dummy.Is("ProbeEvent"), err)
	}
}

const dnsSchema = `{
	"$schema": "https://json-schema.org/draft/2020-12/schema",
	"$id": "https://github.com/uptimer/uptimer/schemas/DNSProbeEvent.json",
	"title": "DNSProbeEvent",
	"allOf": [{"$ref": "ProbeEvent.json"}],
	"unevaluatedProperties": false,
	"required": ["answers"],
	"properties": {
		"schema_title": {"const": "DNSProbeEvent"},
		"schema_version": {"enum": ["1.0", "1.1"]},
		"answers": {"type": "array", "items": {"type": "string"}}
	}
}`

// with is the chosen schemas and one more, or one in the place of another.
func with(t testing.TB, name, text string) fstest.MapFS {
	t.Helper()
	files, err := chosenFiles()
	if err != nil {
		t.Fatal(err)
	}
	files[name] = &fstest.MapFile{Data: []byte(text)}
	return files
}

// If this failed, a new event type would need more than a new schema file.
func TestNewEventTypeIsANewFile(t *testing.T) {
	c, err := NewCatalog(with(t, "DNSProbeEvent.json", dnsSchema))
	if err != nil {
		t.Fatal(err)
	}
	var probe map[string]any
	tcp, err := c.Parse(examples(t, "TCPProbeEvent")[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := tcp.Decode(&probe); err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{"schema_title", "schema_version", "uuid", "event_time", "tls_version", "certificate_expires_at", "matches_expect"} {
		delete(probe, field)
	}
	e, err := c.New("DNSProbeEvent", time.Now(), probe, map[string]any{"answers": []string{"192.0.2.1"}})
	if err != nil {
		t.Fatal(err)
	}
	if !e.Is("ProbeEvent") || !e.Is("Event") || e.Version() != "1.1" || e.Key() != probe["target_id"] {
		t.Errorf("the event is %+v", e)
	}
	again, err := c.Parse(e.JSON())
	if err != nil || !reflect.DeepEqual(e, again) {
		t.Errorf("read again it is %+v, %v", again, err)
	}
	_, err = c.New("DNSProbeEvent", time.Now(), probe, map[string]any{"answers": []any{"192.0.2.1", 7}})
	if want := "making an event: DNSProbeEvent: answers.1 is 7, want a text"; err == nil || err.Error() != want {
		t.Errorf("got the error %v, want %s", err, want)
	}
	if _, err := c.Bundle("DNSProbeEvent"); err != nil {
		t.Error(err)
	}
}

// edit makes a schema with one thing replaced.
func edit(t testing.TB, text, old, new string) string {
	t.Helper()
	if !strings.Contains(text, old) {
		t.Fatalf("there is no %s to replace", old)
	}
	return strings.Replace(text, old, new, 1)
}

// If this failed, whoever writes a new schema would not be told which file is wrong, or would be let go on with one
// that refuses every event or takes misspelt fields.
func TestBrokenSchemasAreNamed(t *testing.T) {
	for _, test := range []struct{ name, old, new, want string }{
		{"not JSON", `"title"`, `title`, `DNSProbeEvent.json: not JSON at byte 137: invalid character 't' looking for beginning of object key string`},
		{"other draft", `2020-12`, `2019-09`, `DNSProbeEvent.json: $schema is "https://json-schema.org/draft/2019-09/schema", want "https://json-schema.org/draft/2020-12/schema"`},
		{"other title", `"title": "DNSProbeEvent"`, `"title": "DNS"`, `DNSProbeEvent.json: title is "DNS", want "DNSProbeEvent" as the file is named`},
		{"other id", `schemas/DNSProbeEvent.json`, `schemas/DNS.json`, `DNSProbeEvent.json: $id is "https://github.com/uptimer/uptimer/schemas/DNS.json", want a URL that ends in /DNSProbeEvent.json`},
		{"against the metaschema", `"type": "array"`, `"type": "list"`, `DNSProbeEvent.json: no valid schema: properties.answers.type is "list": anyOf failed`},
		{"bad pattern", `"type": "array"`, `"pattern": "("`, "DNSProbeEvent.json: no valid schema: properties.answers.pattern is \"(\": '(' is not valid 'regex'"},
		{"no such file", `"ProbeEvent.json"`, `"NoEvent.json"`, `DNSProbeEvent.json: $ref is "NoEvent.json", but there is no such file`},
		{"a file elsewhere", `"ProbeEvent.json"`, `"https://example.com/ProbeEvent.json"`, `DNSProbeEvent.json: $ref is "https://example.com/ProbeEvent.json", but there is no such file`},
		{"an anchor", `{"type": "string"}`, `{"$ref": "Event.json#time"}`, `DNSProbeEvent.json: $ref is "Event.json#time"; want a file such as "Event.json", or a JSON pointer in one such as "Event.json#/$defs/time"`},
		{"no such pointer", `{"type": "string"}`, `{"$ref": "Event.json#/$defs/no"}`, `DNSProbeEvent.json: $ref is "Event.json#/$defs/no", but there is nothing`},
		{"other const", `"const": "DNSProbeEvent"`, `"const": "DNS"`, `DNSProbeEvent.json: the const of schema_title is "DNS", want "DNSProbeEvent"`},
		{"extends nothing", `"allOf": [{"$ref": "ProbeEvent.json"}],`, ``, `DNSProbeEvent.json: does not extend Event.json`},
		{"extends a concrete type", `"ProbeEvent.json"`, `"TCPProbeEvent.json"`, `DNSProbeEvent.json: extends TCPProbeEvent, which is concrete: its schema_title is a const`},
		{"extends itself", `"ProbeEvent.json"`, `"DNSProbeEvent.json"`, `DNSProbeEvent.json: extends itself by way of DNSProbeEvent.json`},
		{"open", `"unevaluatedProperties": false,`, ``, `DNSProbeEvent.json: unevaluatedProperties is not false, so misspelt fields would be taken`},
		{"closed base", `"schema_title": {"const": "DNSProbeEvent"},`, ``, `DNSProbeEvent.json: unevaluatedProperties is false in a type that is extended, so every event of the types that extend it would be refused`},
		{"no versions", `{"enum": ["1.0", "1.1"]}`, `{}`, `DNSProbeEvent.json: schema_version has no enum; want the versions that the schema is for, such as ["1.0"]`},
		{"garbled version", `"1.1"`, `"v1"`, `DNSProbeEvent.json: the enum of schema_version has "v1"; want major.minor such as "1.0"`},
		{"versions out of order", `"1.1"`, `"0.9"`, `DNSProbeEvent.json: the enum of schema_version is not in order; want the newest last`},
	} {
		for range 2 {
			_, err := NewCatalog(with(t, "DNSProbeEvent.json", edit(t, dnsSchema, test.old, test.new)))
			if err == nil || err.Error() != test.want {
				t.Errorf("%s:\n got %v\nwant %s", test.name, err, test.want)
				break
			}
		}
	}
	noRoot := with(t, "DNSProbeEvent.json", dnsSchema)
	delete(noRoot, "Event.json")
	for _, test := range []struct {
		files fs.FS
		want  string
	}{
		{fstest.MapFS{}, "Event.json is missing: every event type extends it"},
		{noRoot, `DNSProbeEvent.json: $ref is "Event.json", but there is no such file`},
		{with(t, "Event.json", `[]`), `Event.json: not a JSON object`},
		{with(t, "a b.json", `{}`), `a b.json: named with more than letters, digits, - and _`},
	} {
		if _, err := NewCatalog(test.files); err == nil || !strings.HasPrefix(err.Error(), strings.Split(test.want, "DNS")[0]) {
			t.Errorf("got %v, want %s", err, test.want)
		}
	}
}

// If this failed, the probes' goroutines, which share a catalog, would disturb each other. It is for the race
// detector.
func TestCatalogIsShared(t *testing.T) {
	c := catalog(t)
	good, broken := examples(t, "HTTPProbeEvent")[0], brokenEvents(t)[:20]
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for _, b := range broken {
				if _, err := c.Parse(b.text(t)); err == nil || err.Error() != b.Error {
					t.Errorf("%s: %v", b.Name, err)
				}
				if _, err := c.Parse(good); err != nil {
					t.Error(err)
				}
				if _, err := c.New("DummyEvent", time.Now(), dummyPart{}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}
