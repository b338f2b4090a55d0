package events

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/uptimer/uptimer/schemas"
)

// oddSchema asks for what no shipped type asks for.
const oddSchema = `{
	"$schema": "https://json-schema.org/draft/2020-12/schema",
	"$id": "https://github.com/uptimer/uptimer/schemas/OddEvent.json",
	"title": "OddEvent",
	"allOf": [{"$ref": "Event.json"}, {"properties": {"short": {"maxLength": 4}, "number": {"maximum": 10}}}],
	"unevaluatedProperties": false,
	"properties": {
		"schema_title": {"const": "OddEvent"},
		"schema_version": {"enum": ["1.0", "1.1"]},
		"target_id": {"type": ["string", "integer"]},
		"short": {"type": "string", "minLength": 2, "maxLength": 5},
		"number": {"type": "number", "minimum": -10, "maximum": 100},
		"ip": {"type": ["string", "null"], "format": "ipv4"},
		"name": {"type": "string", "pattern": "^[a-z]+-[0-9]+$"},
		"list": {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1, "maxItems": 3},
		"open": {"type": "object", "required": ["a"], "properties": {"b": {"type": "boolean"}}},
		"closed": {"type": "object", "properties": {"a": {"enum": ["b", "c"]}}, "additionalProperties": false},
		"anything": true,
		"nothing": false
	}
}`

const oddEvent = `{"schema_title":"OddEvent","schema_version":"1.1","uuid":"019b7caa-c508-7e12-a3b4-c5d6e7f80910","event_time":"2026-01-02T03:05:25.000000Z",
	"target_id":"a","short":"abc","number":5.5,"ip":"192.0.2.1","name":"ab-12","list":["a","b"],"open":{"a":1,"b":true,"c":[null,{"d":1.5}],"d":{"e":"f","g":"h"},"i":{}},"closed":{"a":"b"},"anything":[1,{"a":{}}]}`

// odd is a catalog of all shipped types and OddEvent.
func odd(t testing.TB, text string) *Catalog {
	t.Helper()
	files := with(t, "OddEvent.json", text)
	names, err := fs.Glob(schemas.FS, "*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		data, err := schemas.FS.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: data}
	}
	c, err := NewCatalog(files)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// If this failed, the fast path would not keep to the limits that hold whatever a schema says. (Seen to fail when the
// acceptor left out, one at a time: depth, keys that are there twice, halves of surrogate pairs, the length, exponent
// and leading zeros of numbers, control characters, UTF-8.)
func TestQuickKeepsToTheLimits(t *testing.T) {
	c := odd(t, oddSchema)
	line := strings.ReplaceAll(oddEvent, "\n\t", "") // else what takes out line breaks would look at its JSON too
	with := func(text string) []byte {
		return []byte(edit(t, line, `[1,{"a":{}}]`, text))
	}
	objects := func(levels int) string {
		return strings.Repeat(`{"a":`, levels) + "1" + strings.Repeat("}", levels)
	}
	for _, text := range []string{
		nested(31), objects(31), strings.Repeat("1", 32), "-1.5e250", `"\ud83d\ude00"`, `"\u00e9\"\\\/\b\f\n\r\t"`,
		`{"a":{"a":1},"b":{"a":1}}`, "\"\x7f\"",
	} {
		if !agrees(t, c, with(text)) {
			t.Errorf("%s is right, but not taken", text)
		}
	}
	wrong := append([]string{
		nested(32), objects(32), `1,"short":"abc"`, `{"b":{"a":1},"a":1,"b":1}`, `[{"a":1,"a":1}]`, "\"\xff\"", "\"\x1f\"", "[1,]", `{"a":1,}`, "[1 2]",
	}, oddities...)
	for _, text := range wrong {
		agrees(t, c, with(text))
		agrees(t, c, with("["+text+"]"))
		agrees(t, c, with(`{"a":`+text+`}`))
	}
}
