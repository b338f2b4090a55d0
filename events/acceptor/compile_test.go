package acceptor

import (
	"fmt"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

var usual = Limits{Depth: 32, Number: 32}

// library compiles a schema as the events' are compiled.
func library(t testing.TB, text string) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat = true
	if err := c.AddResource("test.json", strings.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("test.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// If this failed, a schema that asks for something that an acceptor cannot look at would get one that takes too much.
// (Seen to fail for each of the keywords when understood looked at nothing.)
func TestWhatHasNoQuickForm(t *testing.T) {
	many := make([]string, 65)
	for i := range many {
		many[i] = fmt.Sprintf(`"f%d":true`, i)
	}
	for schema, want := range map[string]string{
		`{"anyOf":[{"type":"string"}]}`:                    `#: AnyOf has no quick form`,
		`{"oneOf":[{"type":"string"}]}`:                    `#: OneOf has no quick form`,
		`{"not":{"type":"string"}}`:                        `#: Not has no quick form`,
		`{"if":{"type":"string"},"then":false}`:            `#: If has no quick form`,
		`{"dependentRequired":{"a":["b"]}}`:                `#: DependentRequired has no quick form`,
		`{"dependentSchemas":{"a":false}}`:                 `#: DependentSchemas has no quick form`,
		`{"patternProperties":{"a":false}}`:                `#: PatternProperties has no quick form`,
		`{"propertyNames":{"maxLength":1}}`:                `#: PropertyNames has no quick form`,
		`{"minProperties":1}`:                              `#: MinProperties has no quick form`,
		`{"maxProperties":1}`:                              `#: MaxProperties has no quick form`,
		`{"uniqueItems":true}`:                             `#: UniqueItems has no quick form`,
		`{"prefixItems":[false]}`:                          `#: PrefixItems has no quick form`,
		`{"contains":false}`:                               `#: Contains has no quick form`,
		`{"unevaluatedItems":false}`:                       `#: UnevaluatedItems has no quick form`,
		`{"exclusiveMinimum":1}`:                           `#: ExclusiveMinimum has no quick form`,
		`{"exclusiveMaximum":1}`:                           `#: ExclusiveMaximum has no quick form`,
		`{"multipleOf":2}`:                                 `#: MultipleOf has no quick form`,
		`{"$dynamicAnchor":"a"}`:                           `#: dynamicAnchors has no quick form`,
		`{"const":1}`:                                      `#: const or enum of something else than texts`,
		`{"enum":["a",null]}`:                              `#: const or enum of something else than texts`,
		`{"minimum":0.1}`:                                  `#: a minimum that no float64 is`,
		`{"maximum":9007199254740993}`:                     `#: a maximum that no float64 is`,
		`{"minLength":9007199254740993}`:                   `#: a vast minLength`,
		`{"unevaluatedProperties":{"type":"null"}}`:        `#: unevaluatedProperties is not false`,
		`{"properties":{"a":{"$ref":"#"}}}`:                `#: refers to itself`,
		`{"properties":{"a":{"multipleOf":2}}}`:            `#/properties/a: MultipleOf has no quick form`,
		`{"items":{"multipleOf":2}}`:                       `#/items: MultipleOf has no quick form`,
		`{"additionalProperties":{"not":true}}`:            `#/additionalProperties: Not has no quick form`,
		`{"properties":{` + strings.Join(many, ",") + `}}`: `#: an object of more than 64 fields`,
		`{"$schema":"http://json-schema.org/draft-07/schema#","type":"string"}`: `#: another draft than 2020-12`,
	} {
		a, err := Compile(library(t, schema), usual)
		if a != nil || err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", schema, err, want)
		}
	}
}

// If this failed, an acceptor could be made that cannot keep what it promises.
func TestLimitsOfAnAcceptor(t *testing.T) {
	s := library(t, `{}`)
	if _, err := Compile(s, Limits{Depth: 32, Number: 33}); err == nil || err.Error() != "numbers of 33 characters, want at most 32" {
		t.Error(err)
	}
	if _, err := Compile(s, usual, strings.Split("a b c d e f g h i", " ")...); err == nil || err.Error() != "9 wanted fields, want at most 8" {
		t.Error(err)
	}
	a, err := Compile(s, usual, "a")
	if err != nil {
		t.Fatal(err)
	}
	if a.Accept([]byte(`{}`), nil) {
		t.Error("it is taken, but there is no room for what was wanted")
	}
}

// If this failed, who reads a wanted field would get what stands elsewhere, or nothing though it is there. (Seen to fail
// when only the fields that the schema names were reported.)
func TestWhatIsFound(t *testing.T) {
	a, err := Compile(library(t, `{"properties":{"b":{"type":["string","null"]}}}`), usual, "a", "b")
	if err != nil {
		t.Fatal(err)
	}
	for data, want := range map[string]string{
		`{"b":"é","a":"y"}`:             `["y" "é"]`,
		` {"a" : "" } `:                 `["" ""]`,
		`{"a":1,"b":null}`:              `["" ""]`,
		`{"c":{"a":"x"},"b":"z"}`:       `["" "z"]`,
		`{"a":["x"],"b":"\\"}`:          ``,
		`{"a":"x","b":1}`:               ``,
		`{"a":{"a":"x"},"b":"y","a":1}`: ``,
	} {
		found := [][]byte{[]byte("old"), []byte("old")}
		got := ""
		if a.Accept([]byte(data), found) {
			got = fmt.Sprintf("%q", found)
		}
		if got != want {
			t.Errorf("%s: found %s, want %s", data, got, want)
		}
	}
	found := make([][]byte, 2)
	if !a.Accept([]byte(`{"a":""}`), found) || found[0] == nil || found[1] != nil {
		t.Errorf("an empty text is %v, a missing one %v", found[0], found[1])
	}
}
