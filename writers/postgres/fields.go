package postgres

import (
	"bytes"
	"encoding/json"
	"strings"
)

// eachField calls f for each field of a JSON object, in order, with its name, quoted, and its value as they are
// written. object must be valid JSON, as that of an event is: nothing is checked. Both lie in object.
func eachField(object []byte, f func(name, value []byte)) {
	at := skip(object, 0, " \t\r\n{")
	for object[at] == '"' {
		end := endOfString(object, at)
		name := object[at:end]
		at = skip(object, end, " \t\r\n:")
		end = endOfValue(object, at)
		f(name, object[at:end])
		at = skip(object, end, " \t\r\n,")
	}
}

// skip returns where the first byte is that is none of set.
func skip(data []byte, at int, set string) int {
	for strings.IndexByte(set, data[at]) >= 0 {
		at++
	}
	return at
}

// endOfString returns where the string that begins at at ends.
func endOfString(data []byte, at int) int {
	for at++; data[at] != '"'; at++ {
		if data[at] == '\\' {
			at++
		}
	}
	return at + 1
}

// endOfValue returns where the value that begins at at ends.
func endOfValue(data []byte, at int) int {
	for depth := 0; ; at++ {
		switch data[at] {
		case '"':
			at = endOfString(data, at) - 1
			if depth == 0 {
				return at + 1
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth <= 0 {
				return at + 1 + min(depth, 0) // the end of what the value is in is not the value's
			}
		case ',', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return at
			}
		}
	}
}

// text is what a JSON string says.
func text(quoted []byte) string {
	inner := string(quoted[1 : len(quoted)-1])
	if strings.IndexByte(inner, '\\') < 0 {
		return inner
	}
	var s string
	_ = json.Unmarshal(quoted, &s) // valid, as eachField wants it
	return s
}

var escapedNUL = []byte(`\u0000`)

// hasNUL tells whether a text in valid JSON, a name or a value, has a NUL character.
func hasNUL(valid []byte) bool {
	for at := 0; ; at += len(escapedNUL) {
		next := bytes.Index(valid[at:], escapedNUL)
		if next < 0 {
			return false
		}
		at += next
		before := len(bytes.TrimRight(valid[:at], `\`))
		if (at-before)%2 == 0 { // else the last backslash before is what makes this one a character
			return true
		}
	}
}

// fieldWithNUL is the name, quoted, of the last field of an object that has a NUL character.
func fieldWithNUL(object []byte) (found string) {
	eachField(object, func(name, value []byte) {
		if hasNUL(name) || hasNUL(value) {
			found = string(name)
		}
	})
	return found
}
