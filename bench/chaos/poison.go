//go:build linux

package main

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/google/uuid"
)

// specimen is a kind of message from somebody who is no uptimer.
type specimen struct {
	name  string
	valid bool // it must be stored; else it must become a dead letter
	times int  // sent so often, the same bytes
	value func() []byte
}

// specimens are all kinds: those that are no events, those that are but can never be stored, and odd ones that must be
// stored.
var specimens = []specimen{
	{name: "null", value: func() []byte { return nil }},
	{name: "empty", value: func() []byte { return []byte{} }},
	{name: "no JSON", value: func() []byte { return []byte("poison") }},
	{name: "no object", value: func() []byte { return []byte("[1]") }},
	{name: "cut off", value: func() []byte { return dummy(nil)[:100] }},
	{name: "a field is missing", value: func() []byte { return dummy(fields{"reader": nil}) }},
	{name: "a field too many", value: func() []byte { return dummy(fields{"surprise": true}) }},
	{name: "a field of another type", value: func() []byte { return dummy(fields{"integer_value": "7"}) }},
	{name: "a key twice", value: func() []byte { return raw(`{"reader":"twice",`) }},
	{name: "10,000 levels deep", value: func() []byte {
		return raw(`{"deep":` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + `,`)
	}},
	{name: "1e1000001", value: func() []byte { return raw(`{"huge":1e1000001,`) }},
	{name: "400 digits", value: func() []byte { return raw(`{"long":` + strings.Repeat("9", 400) + `,`) }},
	{name: "over 1 MiB", value: func() []byte { return dummy(fields{"target": strings.Repeat("x", 1_500_000)}) }},
	{name: "a newer major version", value: func() []byte { return dummy(fields{"schema_version": "2.0"}) }},
	{name: "an unknown type", value: func() []byte { return dummy(fields{"schema_title": "RumourEvent"}) }},
	{name: "an abstract type", value: func() []byte { return dummy(fields{"schema_title": "ProbeEvent"}) }},
	{name: "no UTF-8", value: func() []byte {
		return []byte(strings.Replace(string(dummy(fields{"target": "?!"})), "?!", "\xff\xfe", 1))
	}},
	{name: "a uuid of version 4", value: func() []byte { return dummy(fields{"uuid": uuid.NewString()}) }},
	{name: "valid, with a NUL", value: func() []byte { return dummy(fields{"target": "a\x00b"}) }},
	{name: "valid, 3 days ahead", value: func() []byte { return dummy(fields{"event_time": moment(72 * time.Hour)}) }},
	{name: "valid, 11 years old", value: func() []byte { return dummy(fields{"event_time": moment(-11 * 366 * 24 * time.Hour)}) }},

	{name: "an event of another type", valid: true, value: func() []byte { return dummy(nil) }},
	{name: "the same event twice", valid: true, times: 2, value: func() []byte { return dummy(nil) }},
	{name: "an event of a newer minor version", valid: true, value: func() []byte {
		return dummy(fields{"schema_version": "1.7", "surprise": []int{1, 2}})
	}},
	{name: "an event of 700 kB", valid: true, value: func() []byte { return dummy(fields{"target": strings.Repeat("x", 700_000)}) }},
	{name: "an event of yesterday", valid: true, value: func() []byte { return dummy(fields{"event_time": moment(-24 * time.Hour)}) }},
}

// fields are what is different from an ordinary event; nil leaves one out.
type fields map[string]any

// dummy is a DummyEvent, minted now.
func dummy(different fields) []byte {
	event := fields{
		"schema_title": "DummyEvent", "schema_version": "1.0", "uuid": uuid.Must(uuid.NewV7()).String(), "event_time": moment(0),
		"target": "chaos", "reader": "chaos", "integer_value": 7, "float_value": 0.25,
	}
	for name, value := range different {
		if event[name] = value; value == nil {
			delete(event, name)
		}
	}
	text, err := json.Marshal(event)
	if err != nil {
		panic(err) // of texts and numbers
	}
	return text
}

// raw is a DummyEvent that begins with what no encoder would write.
func raw(begin string) []byte { return append([]byte(begin), dummy(nil)[1:]...) }

// moment is a time from now, as events write it.
func moment(ahead time.Duration) string {
	return time.Now().Add(ahead).UTC().Format("2006-01-02T15:04:05.000000Z")
}
