package stdout

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/uptimer/uptimer/events"
)

// format appends an event as it is printed, line break included.
type format func(out []byte, e events.Event) []byte

// formats makes the format that STDOUT_FORMAT names, for one Writer.
var formats = map[string]func() format{
	"json":   func() format { return appendJSON },
	"pretty": func() format { return appendPretty },
	"text":   func() format { return new(text).append },
}

// appendJSON appends the event exactly as it is, on one line.
func appendJSON(out []byte, e events.Event) []byte {
	return append(append(out, e.JSON()...), '\n')
}

// appendPretty appends the event indented, its keys sorted, its numbers as they are written.
func appendPretty(out []byte, e events.Event) []byte {
	var indented bytes.Buffer
	enc := json.NewEncoder(&indented)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(fieldsOf(e)); err != nil {
		panic(fmt.Sprintf("stdout: an event that cannot be written as JSON: %v", err)) // it was made of JSON
	}
	return appendEscaped(out, indented.Bytes())
}

// appendEscaped appends JSON with an escape for every character that a terminal could take for an order, or that
// cannot be seen. They can only be in strings, so it stays the same JSON.
func appendEscaped(out, text []byte) []byte {
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		switch {
		case r == '\n' || unicode.IsPrint(r):
			out = append(out, text[:size]...)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		text = text[size:]
	}
	return out
}

// fieldsOf is what the event says, numbers as they are written.
func fieldsOf(e events.Event) map[string]any {
	var fields map[string]any
	dec := json.NewDecoder(bytes.NewReader(e.JSON()))
	dec.UseNumber()
	if err := dec.Decode(&fields); err != nil {
		panic(fmt.Sprintf("stdout: an event that is no JSON object: %v", err)) // an Event is one because it exists
	}
	return fields
}
