package targets

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// pair is one label or header as a list has it, and its line.
type pair struct {
	name, value string
	line        int32
}

// splitPairs reads the cell of a CSV column: "team=a;tier=1" or "X-Key: v;Accept: */*". A semicolon that belongs
// to a value is written \;.
func splitPairs(cell, between string, line int32) ([]pair, error) {
	var pairs []pair
	for cell != "" {
		var part string
		part, cell = cutUnescaped(cell)
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		name, value, found := cutPair(part, between)
		if !found {
			return nil, fmt.Errorf("a part has no %q; want %s, and \\; for a semicolon inside a value", between, pairExample[between])
		}
		pairs = append(pairs, pair{strings.TrimSpace(name), strings.TrimSpace(value), line})
	}
	return pairs, nil
}

var pairExample = map[string]string{"=": "team=a;tier=1", ":": "X-Key: v;Accept: */*"}

// cutPair cuts at the mark between name and value. An equals sign that belongs to the name of a label is written \=.
func cutPair(part, between string) (name, value string, found bool) {
	escaped := `\` + between
	if between != "=" || !strings.Contains(part, escaped) {
		return strings.Cut(part, between)
	}
	var out strings.Builder
	for i := 0; i < len(part); i++ {
		switch {
		case strings.HasPrefix(part[i:], between):
			return out.String(), part[i+1:], true
		case strings.HasPrefix(part[i:], escaped):
			i++
		}
		out.WriteByte(part[i])
	}
	return "", "", false
}

// cutUnescaped cuts at the first semicolon without a backslash before it.
func cutUnescaped(text string) (part, rest string) {
	if !strings.Contains(text, `\;`) {
		part, rest, _ = strings.Cut(text, ";")
		return part, rest
	}
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == ';':
			return out.String(), text[i+1:]
		case strings.HasPrefix(text[i:], `\;`):
			i++
		}
		out.WriteByte(text[i])
	}
	return out.String(), ""
}

// blamePair notes a mistake in a label or header of that name.
type blamePair func(line int32, name string, err error)

// encodePairs is the text in which Options keeps labels or headers.
func encodePairs(f field, pairs []pair, blame blamePair) string {
	if f == fieldHeaders {
		return encodeHeaders(pairs, blame)
	}
	return encodeLabels(pairs, blame)
}

// encodeLabels is the JSON object of labels, with sorted keys. Each label that is wrong is blamed.
func encodeLabels(pairs []pair, blame blamePair) string {
	pairs = slices.Clone(pairs)
	slices.SortStableFunc(pairs, func(a, b pair) int { return strings.Compare(a.name, b.name) })
	var out bytes.Buffer
	for i, p := range pairs {
		if err := checkLabel(p, i > 0 && pairs[i-1].name == p.name); err != nil {
			blame(p.line, p.name, err)
			continue
		}
		if out.Len() > 0 {
			out.WriteByte(',')
		}
		appendJSON(&out, p.name)
		out.WriteByte(':')
		appendJSON(&out, p.value)
	}
	if out.Len() == 0 {
		return ""
	}
	return "{" + out.String() + "}"
}

func appendJSON(out *bytes.Buffer, text string) {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(text) // a string can always be encoded
	out.Truncate(out.Len() - len("\n"))
}

func checkLabel(p pair, repeated bool) error {
	switch {
	case p.name == "":
		return errors.New("a label has no name; want name=value")
	case repeated:
		return errors.New("this label is given twice; want it once")
	case checkText(p.name) != nil:
		return checkText(p.name)
	case checkText(p.value) != nil:
		return fmt.Errorf("the value of this label: %w", checkText(p.value))
	case strings.ContainsFunc(p.name, unicode.IsControl):
		return errors.New("the name of this label holds a control character; want a name on one line")
	}
	return nil
}
