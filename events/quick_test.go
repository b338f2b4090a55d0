package events

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
)

// If this failed, a type of event would be judged by the library alone, and no consumer could keep up with it.
func TestEveryTypeHasAFastPath(t *testing.T) {
	c := shipped(t)
	for title, of := range c.types {
		if of.quick == nil {
			t.Errorf("%s has none: %v", title, of.slow)
		}
		for i, example := range examples(t, title) {
			e, ok := c.accept(example)
			if !ok {
				t.Errorf("%s, example %d is not taken", title, i)
				continue
			}
			want, err := c.check(example)
			if err != nil || !reflect.DeepEqual(e, want) {
				t.Errorf("%s, example %d: is %+v, want %+v, %v", title, i, e, want, err)
			}
		}
	}
}

// If this failed, a new type that asks for something that has no quick form could not be read or made, or would be taken
// unseen, or make the others slow too. (Seen to fail when accept did not look whether there is a fast path.)
func TestATypeWithoutAFastPath(t *testing.T) {
	c := odd(t, edit(t, oddSchema, `"minimum": -10`, `"minimum": -10, "multipleOf": 0.5`))
	of := c.types["OddEvent"]
	if of.quick != nil || of.slow == nil || !strings.HasSuffix(of.slow.Error(), "/properties/number: MultipleOf has no quick form") {
		t.Fatalf("it has a fast path, or no reason why not: %v", of.slow)
	}
	if _, err := c.Parse([]byte(oddEvent)); err != nil {
		t.Errorf("a right event: %v", err)
	}
	if e, err := c.New("OddEvent", time.Now(), map[string]any{"number": 5.5}); err != nil || e.Title() != "OddEvent" {
		t.Errorf("an event of our own: %v", err)
	}
	if _, err := c.New("OddEvent", time.Now(), map[string]any{"number": 5.25}); err == nil || !strings.Contains(err.Error(), "multiple") {
		t.Errorf("what is no multiple: %v", err)
	}
	if c.types["HTTPProbeEvent"].quick == nil {
		t.Error("another type has lost its fast path")
	}
}

// If this failed, an event would be taken for the type that something inside of it names. (Seen to fail when accept did
// not look at the title that the acceptor found.)
func TestTitleOfSomethingInside(t *testing.T) {
	root := changed(t, rootSchema(t), map[string]json.RawMessage{"required": json.RawMessage(`["uuid","event_time","schema_version"]`)})
	c, err := NewCatalog(with(t, "Event.json", string(root)))
	if err != nil {
		t.Fatal(err)
	}
	event := changed(t, examples(t, "TCPProbeEvent")[0], map[string]json.RawMessage{"labels": json.RawMessage(`{"schema_title":"TCPProbeEvent"}`)})
	if !agrees(t, c, event) {
		t.Error("an event with such a label is not taken")
	}
	untitled := changed(t, event, nil, "schema_title")
	if agrees(t, c, untitled) {
		t.Errorf("%s has a title", untitled)
	}
}

func rootSchema(t *testing.T) []byte {
	t.Helper()
	return shipped(t).schemas[root].text
}

// If this failed, events that encoding/json or other programs write would be judged slowly: in the order of their
// keys, indented, with escapes and with texts of all languages.
func TestQuickTakesWhatProgramsWrite(t *testing.T) {
	c := shipped(t)
	event := changed(t, examples(t, "HTTPProbeEvent")[0], map[string]json.RawMessage{
		"labels": json.RawMessage(`{"größe":"groß","チーム":"支払い","":"","x y":"<a&b> \"q\" \\ \n \u2028 \ud83d\ude00 \/"}`),
		"error":  json.RawMessage(`"got \"<html>\" \u003ca\u0026b\u003e\r\n\t\b\f"`),
	})
	var indented bytes.Buffer
	if err := json.Indent(&indented, event, "\t", "  "); err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(event, &fields); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	for _, data := range [][]byte{event, indented.Bytes(), again, append(again, "\r\n"...)} {
		if !agrees(t, c, data) {
			t.Errorf("%s is not taken", data)
		}
	}
	e, err := c.New("DummyEvent", time.Now(), dummyPart{FloatValue: 1.5e-300, IntegerValue: -1 << 63})
	if err != nil || agrees(t, c, e.JSON()) {
		t.Errorf("what is small beyond reason is judged by the library: %s, %v", e.JSON(), err)
	}
}
