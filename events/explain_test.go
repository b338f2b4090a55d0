package events

import (
	"strings"
	"testing"
	"time"
)

// everyKeyword is a type with a field for each keyword that can refuse.
const everyKeyword = `{
	"$schema": "https://json-schema.org/draft/2020-12/schema",
	"$id": "https://example.com/schemas/OddEvent.json",
	"title": "OddEvent",
	"allOf": [{"$ref": "Event.json"}],
	"unevaluatedProperties": false,
	"properties": {
		"schema_title": {"const": "OddEvent"},
		"schema_version": {"enum": ["1.0"]},
		"above": {"exclusiveMinimum": 1},
		"below": {"exclusiveMaximum": 1.5},
		"long": {"maxLength": 2},
		"short": {"minLength": 2},
		"few": {"minItems": 2},
		"many": {"maxItems": 1},
		"pattern": {"pattern": "^a+$"},
		"format": {"format": "ipv4"},
		"multiple": {"multipleOf": 5},
		"either": {"anyOf": [{"type": "string"}, {"minimum": 5}]},
		"one": {"oneOf": [{"type": "string"}, {"minLength": 1}]},
		"no": {"not": {"type": "string"}},
		"all": {"allOf": [{"minimum": 5}, {"multipleOf": 2}]},
		"list": {"items": {"type": "object", "additionalProperties": false, "properties": {"a": {"const": null}}, "required": ["a"]}},
		"unique": {"uniqueItems": true},
		"forbidden": false
	},
	"if": {"required": ["above"]},
	"then": {"properties": {"extra": true}}
}`

// If this failed, the author of a new event type would get text that varies or does not name the field, because the
// schema uses a keyword that the shipped ones do not.
func TestEveryKeywordIsExplained(t *testing.T) {
	schema := strings.Replace(everyKeyword, "https://example.com/schemas/", "https://github.com/uptimer/uptimer/schemas/", 1)
	c, err := NewCatalog(with(t, "OddEvent.json", schema))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		fields map[string]any
		want   string
	}{
		{map[string]any{"above": 1}, `above is 1, want more than 1`},
		{map[string]any{"below": 1.5}, `below is 1.5, want less than 1.5`},
		{map[string]any{"long": "äöü"}, `long is "äöü", want at most 2 characters`},
		{map[string]any{"short": ""}, `short is "", want at least 2 characters`},
		{map[string]any{"few": []int{}}, `few is an array, want at least 2 items`},
		{map[string]any{"many": []int{1, 2}}, `many is an array, want at most 1 item`},
		{map[string]any{"pattern": "b"}, `pattern is "b", want pattern "^a+$"`},
		{map[string]any{"format": "b"}, `format is "b", want format "ipv4"`},
		{map[string]any{"multiple": 6}, `multiple is 6, want multipleOf 5`},
		{map[string]any{"either": 4}, `either is 4, want what anyOf of its schema allows`},
		{map[string]any{"one": "ab"}, `one is "ab", want what oneOf of its schema allows`},
		{map[string]any{"no": "a"}, `no is "a", want what not of its schema allows`},
		{map[string]any{"all": 3}, `all is 3, want at least 5; all is 3, want multipleOf 2`},
		{map[string]any{"list": []any{map[string]any{"a": nil}, map[string]any{"a": 1}, map[string]any{"b": 1}, 5}}, `list.1.a is 1, want null; list.2.a is missing; list.3 is 5, want an object; list.2.b is not a field of it`},
		{map[string]any{"unique": []int{1, 1}}, `unique is an array, want uniqueItems true`},
		{map[string]any{"forbidden": 1}, `forbidden must not be there`},
		{map[string]any{"extra": 1}, `extra is not a field of it`},
	} {
		for range 5 {
			_, err := c.New("OddEvent", time.Now(), test.fields)
			if want := "making an event: OddEvent: " + test.want; err == nil || err.Error() != want {
				t.Errorf("%v:\n got %v\nwant %s", test.fields, err, want)
				break
			}
		}
	}
	if _, err := c.New("OddEvent", time.Now(), map[string]any{"above": 2, "extra": 1, "either": 5, "one": 5}); err != nil {
		t.Error(err)
	}
}
