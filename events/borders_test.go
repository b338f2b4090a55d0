package events

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// border is a value at the edge of what a schema takes, and where it is put.
type border struct {
	path  []string
	value string // JSON; removed if empty
	slow  bool   // it may be judged by the library: whole numbers with an exponent, newer versions, keys with escapes
}

// borders are values at, below and above each limit of a schema, and of each wrong type, for the place that path says
// and all below it. doc is what the schema's references point into.
func borders(c *Catalog, doc, schema map[string]any, path []string) (list []border) {
	add := func(values ...string) {
		for _, v := range values {
			slow := strings.Contains(fmt.Sprint(schema["type"]), "integer") && strings.Contains(v, "e") ||
				slices.Equal(path, []string{"schema_version"}) || slices.Equal(path, []string{"target_id"}) && strings.ContainsAny(v, `<\`)
			list = append(list, border{slices.Clone(path), v, slow})
		}
	}
	add("", `null`, `true`, `false`, `0`, `1`, `-1`, `0.5`, `1e3`, `""`, `"a"`, `"<é>"`, `"\n"`, `[]`, `["a"]`, `[1]`, `{}`, `{"a":"b"}`, `{"a":1}`, `{"a":"b","b":"c"}`)
	if schema["type"] == "object" || path == nil {
		list = append(list, border{append(slices.Clone(path), "colour"), `"red"`, false})
	}
	enum, _ := schema["enum"].([]any)
	for _, v := range append(enum, schema["const"]) {
		if s, ok := v.(string); ok {
			add(quote(s), quote(s+"x"), quote(strings.ToUpper(s)), quote(s[1:]))
		}
	}
	add(numberBorders(schema)...)
	add(textBorders(schema)...)
	for _, name := range slices.Sorted(maps.Keys(fieldsOf(schema))) {
		list = append(list, borders(c, doc, fieldsOf(schema)[name], append(slices.Clone(path), name))...)
	}
	for _, keyword := range []string{"additionalProperties", "items"} {
		if values, ok := schema[keyword].(map[string]any); ok {
			for _, b := range borders(c, doc, values, nil) {
				if b.value == "" {
					continue
				}
				add(map[string]string{"additionalProperties": `{"x":"y","k":` + b.value + `}`, "items": `["a",` + b.value + `]`}[keyword])
			}
		}
	}
	parts, _ := schema["allOf"].([]any)
	for _, part := range parts {
		if part := part.(map[string]any); part["$ref"] == nil {
			list = append(list, borders(c, doc, part, path)...)
		}
	}
	if ref, ok := schema["$ref"].(string); ok {
		if title := referred(ref); title != "" {
			doc = c.schemas[title].doc
		}
		_, fragment, _ := strings.Cut(ref, "#")
		to, _ := at(doc, pointer(fragment)).(map[string]any)
		list = append(list, borders(c, doc, to, path)...)
	}
	return list
}

func fieldsOf(schema map[string]any) map[string]map[string]any {
	fields := make(map[string]map[string]any)
	properties, _ := schema["properties"].(map[string]any)
	for name, p := range properties {
		fields[name], _ = p.(map[string]any)
	}
	return fields
}

func numberBorders(schema map[string]any) (values []string) {
	for _, keyword := range []string{"minimum", "maximum"} {
		if limit, ok := schema[keyword].(json.Number); ok {
			n, _ := limit.Int64()
			values = append(values, fmt.Sprint(n-1), fmt.Sprint(n), fmt.Sprint(n+1), fmt.Sprint(float64(n)-0.25), fmt.Sprint(float64(n)+0.25),
				fmt.Sprint(n)+".00000000000000000001", fmt.Sprint(n-1)+".99999999999999999999")
		}
	}
	return append(values, "123456789012345", "9007199254740993", "1e+21", "1.5e-7")
}

func textBorders(schema map[string]any) (values []string) {
	for _, keyword := range []string{"minLength", "maxLength", "minItems", "maxItems"} {
		if limit, ok := schema[keyword].(json.Number); ok {
			n, _ := limit.Int64()
			for size := max(0, n-1); size <= n+1; size++ {
				for _, character := range []string{"a", "😀", "é"} {
					values = append(values, quote(strings.Repeat(character, int(size))), "["+strings.TrimSuffix(strings.Repeat(quote(character)+",", int(size)), ",")+"]")
				}
			}
		}
	}
	pattern, _ := schema["pattern"].(string)
	if pattern == "" && schema["format"] == nil {
		return values
	}
	for _, good := range []string{"2026-01-02T03:04:05.678901Z", "019b7ca9-8f81-7a31-9c5d-3f0a8e1b7c42", "1.0", "192.0.2.1", "ab-12"} {
		values = append(values, quote(good))
		if !regexp.MustCompile(pattern).MatchString(good) {
			continue // what is near it is as wrong
		}
		for i := range good {
			values = append(values, quote(good[:i]+good[i+1:]), quote(good[:i]+good[i:i+1]+good[i:]))
			for _, other := range "0g-" {
				values = append(values, quote(good[:i]+string(other)+good[i+1:]))
			}
		}
	}
	if schema["format"] != "date-time" {
		return values
	}
	for _, year := range []int{1900, 2023, 2024} {
		for _, month := range []int{0, 1, 2, 4, 12, 13} {
			for _, day := range []int{0, 1, 28, 29, 30, 31, 32} {
				values = append(values, fmt.Sprintf(`"%04d-%02d-%02dT23:59:59.999999Z"`, year, month, day))
			}
		}
	}
	return values
}

// quote is a text in JSON.
func quote(s string) string { return string(AppendText(nil, s)) }

// put is an event with a value in the place of another.
func (b border) put(t *testing.T, event []byte) []byte {
	t.Helper()
	var deepen func(at []byte, path []string) []byte
	deepen = func(at []byte, path []string) []byte {
		switch {
		case len(path) == 0:
			return []byte(b.value)
		case len(at) == 0 || at[0] != '{':
			at = []byte(`{}`)
		}
		if len(path) == 1 && b.value == "" {
			return changed(t, at, nil, path[0])
		}
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(at, &fields); err != nil {
			t.Fatal(err)
		}
		return changed(t, at, map[string]json.RawMessage{path[0]: deepen(fields[path[0]], path[1:])})
	}
	if len(b.path) == 0 && b.value == "" {
		return []byte("{}")
	}
	return deepen(event, b.path)
}

// checkBorders holds the fast path of a type to its schemas: at every border, it takes what the library takes, and no
// more.
func checkBorders(t *testing.T, c *Catalog, title string, event []byte) {
	t.Helper()
	right, wrong := 0, 0
	event = changed(t, event, nil) // on one line
	for _, of := range append([]string{title}, c.schemas[title].extends...) {
		doc := c.schemas[of].doc
		for _, b := range borders(c, doc, doc, nil) {
			data := b.put(t, event)
			_, err := c.judged(data)
			if !agrees(t, c, data) && err == nil && !b.slow {
				t.Errorf("%s: %v = %s is right, but not taken", of, b.path, b.value)
			}
			if err == nil {
				right++
			} else {
				wrong++
			}
		}
	}
	if right < 100 || wrong < 500 {
		t.Errorf("%s: %d events were right and %d wrong, too few to show anything", title, right, wrong)
	}
}

// If this failed, the fast path would take a value that is beyond a limit of the schema, or one that the probes write
// would be judged slowly. (Seen to fail when the acceptor left out minimum, maximum, required, types, enums, unknown
// fields or the days of a month, and when it took decimals for what is before their point.)
func TestBordersOfEveryField(t *testing.T) {
	c := shipped(t)
	for title := range c.types {
		checkBorders(t, c, title, examples(t, title)[0])
	}
}

// If this failed, a new type that asks for something that no shipped type asks for would get a fast path that takes
// too much. (Seen to fail when maxLength, the number of elements, patterns and formats were left out, and when a number
// that is rounded to a bound was taken for it.)
func TestBordersOfOtherSchemas(t *testing.T) {
	for name, change := range map[string][2]string{
		"as it is":            {`"short"`, `"short"`},
		"in one of allOf":     {`"maxLength": 4`, `"maxLength": 4, "minLength": 3`},
		"extended by another": {`{"properties": {"short"`, `{"$ref": "#/$defs/more"}, {"properties": {"short"`},
	} {
		text := edit(t, oddSchema, change[0], change[1])
		if name == "extended by another" {
			text = edit(t, text, `"unevaluatedProperties"`, `"$defs": {"more": {"required": ["number"], "properties": {"number": {"minimum": 5}}}}, "unevaluatedProperties"`)
		}
		c := odd(t, text)
		if c.types["OddEvent"].quick == nil {
			t.Fatalf("%s: no fast path: %v", name, c.types["OddEvent"].slow)
		}
		if !agrees(t, c, []byte(oddEvent)) {
			t.Errorf("%s: the event is not taken", name)
		}
		checkBorders(t, c, "OddEvent", []byte(oddEvent))
	}
}
