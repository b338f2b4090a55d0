package events

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"
)

// httpFields are the fields of an HTTP event without those that every event has.
func httpFields(b *testing.B) json.RawMessage {
	b.Helper()
	return changed(b, examples(b, "HTTPProbeEvent")[0], nil, "schema_title", "schema_version", "uuid", "event_time")
}

func BenchmarkNew(b *testing.B) {
	c, fields, now := catalog(b), httpFields(b), time.Now()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.New("HTTPProbeEvent", now, fields); err != nil {
			b.Fatal(err)
		}
	}
}

// written is a part that is its fields.
type written []byte

func (w written) AppendFields(to []byte) []byte { return append(to, w...) }

// What is left of New when the parts write themselves for nothing.
func BenchmarkNewAppended(b *testing.B) {
	c, now := catalog(b), time.Now()
	var line bytes.Buffer
	if err := json.Compact(&line, httpFields(b)); err != nil {
		b.Fatal(err)
	}
	part := written("," + line.String()[1:line.Len()-1])
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.New("HTTPProbeEvent", now, part); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	c := catalog(b)
	var line bytes.Buffer
	if err := json.Compact(&line, examples(b, "HTTPProbeEvent")[0]); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(line.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Parse(line.Bytes()); err != nil {
			b.Fatal(err)
		}
	}
}
