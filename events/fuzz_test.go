package events

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

// If this failed, somebody who can write to the topic could stop the consumer, or make it store what it cannot read
// again.
func FuzzParse(f *testing.F) {
	c := shipped(f)
	for title := range c.types {
		for _, example := range examples(f, title) {
			f.Add([]byte(example))
		}
	}
	for _, b := range brokenEvents(f) {
		f.Add(b.text(f))
	}
	for _, text := range []string{"1e1000001", "-1e-1000001", "0e1000001", "NaN", nested(40), `"\ud800"`, `"\ud83d\ude00"`, `{"a":1,"a":2}`, "\"\xff\"", "\n1\r\n"} {
		f.Add(raw(f, text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		before := bytes.Clone(data)
		e, err := c.Parse(data)
		if !bytes.Equal(data, before) {
			t.Fatal("its input was changed")
		}
		if err != nil {
			checkRefusal(t, c, data, err)
			return
		}
		text := e.JSON()
		if len(text) > MaxBytes || !utf8.Valid(text) || depth(text) > maxDepth || bytes.ContainsAny(text, "\r\n") {
			t.Fatalf("beyond the limits: %q", text)
		}
		again, err := c.Parse(text)
		if err != nil || !reflect.DeepEqual(e, again) {
			t.Fatalf("%q is read again as %+v, %v", text, again, err)
		}
		var fields map[string]any
		if err := e.Decode(&fields); err != nil {
			t.Fatalf("%q cannot be decoded: %v", text, err)
		}
		if !c.Concrete(e.Title()) || fields["uuid"] != e.ID().String() || fields["event_time"] != e.Time().Format(TimeLayout) {
			t.Fatalf("%q is %+v", text, e)
		}
	})
}

// checkRefusal holds an error to what errors are: one line, bounded, the same again.
func checkRefusal(t *testing.T, c *Catalog, data []byte, err error) {
	t.Helper()
	text := err.Error()
	if strings.ContainsAny(text, "\r\n") || len(text) > 4096 || !utf8.ValidString(text) {
		t.Fatalf("no good error: %q", text)
	}
	if strings.Contains(text, "broke down") {
		t.Fatalf("the validator panics on what passes the limits: %q: %s", data, text)
	}
	if _, again := c.Parse(data); again == nil || again.Error() != text {
		t.Fatalf("another error each time:\n%s\n%v", text, again)
	}
}

// If this failed, an event would be read as something else than what encoding/json, which the writers use, sees in it.
func FuzzDecode(f *testing.F) {
	for _, text := range []string{`{}`, `{"a":[1,-2.5e3,"\u00e4\ud83d\ude00\n",null,true,false,{"":{}}]}`, ` { "a" : [ ] , "b" : "\\" } `} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if checkText(data) != nil {
			return
		}
		got, err := decode(data)
		if err != nil {
			return
		}
		want, err := decodeNumbers(data)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%q is decoded as %v, want %v, %v", data, got, want, err)
		}
	})
}
