package schemas_test

import (
	"encoding/json"
	"io/fs"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/uptimer/uptimer/internal/unhurried"
	"github.com/uptimer/uptimer/schemas"
)

func TestMain(m *testing.M) { unhurried.Main(m) }

// each decodes all schema files.
func each(t *testing.T, do func(title string, schema map[string]any)) {
	t.Helper()
	names, err := fs.Glob(schemas.FS, "*.json")
	if err != nil || len(names) < 6 {
		t.Fatalf("there are the files %q, %v", names, err)
	}
	for _, name := range names {
		text, err := schemas.FS.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var schema map[string]any
		if err := json.Unmarshal(text, &schema); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		do(strings.TrimSuffix(name, ".json"), schema)
	}
}

// If this failed, a tool that reads our schemas would refuse one of them as no schema at all.
func TestSchemasAreSchemas(t *testing.T) {
	c := jsonschema.NewCompiler()
	c.AssertFormat = true
	meta, err := c.Compile("https://json-schema.org/draft/2020-12/schema")
	if err != nil {
		t.Fatal(err)
	}
	each(t, func(title string, schema map[string]any) {
		if err := meta.Validate(schema); err != nil {
			t.Errorf("%s: %#v", title, err)
		}
		if schema["$schema"] != "https://json-schema.org/draft/2020-12/schema" {
			t.Errorf("%s: $schema is %v", title, schema["$schema"])
		}
		if want := "https://github.com/uptimer/uptimer/schemas/" + title + ".json"; schema["$id"] != want {
			t.Errorf("%s: $id is %v, want %s", title, schema["$id"], want)
		}
	})
	if err := meta.Validate(map[string]any{"type": "list"}); err == nil {
		t.Error("the metaschema takes what is no schema, so this test shows nothing")
	}
}

// If this failed, a reader of the docs that are made of the schemas would meet a field that nobody explains.
func TestEveryFieldIsDescribed(t *testing.T) {
	each(t, func(title string, schema map[string]any) {
		described(t, title, schema)
	})
}

func described(t *testing.T, where string, schema map[string]any) {
	t.Helper()
	if text, _ := schema["description"].(string); text == "" || !strings.HasSuffix(text, ".") {
		t.Errorf("%s: description is %q, want a sentence", where, text)
	}
	for _, keyword := range []string{"properties", "$defs"} {
		fields, _ := schema[keyword].(map[string]any)
		for name, field := range fields {
			described(t, where+"."+name, field.(map[string]any))
		}
	}
}
