package events

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// schemaFile is one schema as it was read.
type schemaFile struct {
	title    string
	id       string // its $id: where the others find it
	text     []byte
	doc      map[string]any
	extends  []string // the titles that it extends, the nearest first
	concrete bool
}

const draft = "https://json-schema.org/draft/2020-12/schema"

// readSchemas reads the schemas at the root of a file system, by title.
func readSchemas(files fs.FS) (map[string]*schemaFile, error) {
	names, err := fs.Glob(files, "*.json")
	if err != nil {
		return nil, fmt.Errorf("listing the schemas: %w", err)
	}
	schemas := make(map[string]*schemaFile, len(names))
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("reading the schema %s: %w", name, err)
		}
		s, err := parseSchema(strings.TrimSuffix(name, ".json"), text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		schemas[s.title] = s
	}
	for _, name := range names {
		s := schemas[strings.TrimSuffix(name, ".json")]
		if err := s.link(schemas); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return schemas, nil
}

func parseSchema(title string, text []byte) (*schemaFile, error) {
	doc, err := decodeNumbers(text)
	if err != nil {
		return nil, err
	}
	s := &schemaFile{title: title, text: text, doc: doc}
	s.id, _ = doc["$id"].(string)
	_, s.concrete = property(doc, "schema_title")["const"]
	switch {
	case !plainName.MatchString(title):
		return nil, errors.New("named with more than letters, digits, - and _")
	case doc["$schema"] != draft:
		return nil, fmt.Errorf("$schema is %s, want %q", shown(doc["$schema"]), draft)
	case doc["title"] != title:
		return nil, fmt.Errorf("title is %s, want %q as the file is named", shown(doc["title"]), title)
	case path.Base(s.id) != title+".json" || !strings.Contains(s.id, "://"):
		return nil, fmt.Errorf("$id is %s, want a URL that ends in /%s.json", shown(doc["$id"]), title)
	}
	return s, checkMeta(doc)
}

// checkMeta holds a schema to the schema of schemas.
func checkMeta(doc map[string]any) error {
	meta, err := jsonschema.NewCompiler().Compile(draft) // built in
	if err != nil {
		return err
	}
	err = meta.Validate(doc)
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return err
	}
	first := slices.MinFunc(leaves(invalid), func(a, b *jsonschema.ValidationError) int {
		return cmp.Or(cmp.Compare(a.InstanceLocation, b.InstanceLocation), cmp.Compare(a.Message, b.Message))
	})
	where := pointer(first.InstanceLocation)
	return fmt.Errorf("no valid schema: %s is %s: %s", shownName(where), shown(at(doc, where)), first.Message)
}

// decodeNumbers decodes a JSON object and keeps its numbers as they are written.
func decodeNumbers(text []byte) (doc map[string]any, err error) {
	if !json.Valid(text) {
		return nil, syntaxError(text)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&doc); err != nil || doc == nil {
		return nil, errors.New("not a JSON object")
	}
	return doc, nil
}

// link checks what the schema refers to, and finds what it extends.
func (s *schemaFile) link(schemas map[string]*schemaFile) error {
	for _, ref := range references(s.doc) {
		to := s
		if title := referred(ref); title != "" {
			to = schemas[title]
		}
		_, fragment, _ := strings.Cut(ref, "#")
		switch {
		case to == nil:
			return fmt.Errorf("$ref is %q, but there is no such file", ref)
		case fragment != "" && fragment[0] != '/':
			return fmt.Errorf("$ref is %q; want a file such as %q, or a JSON pointer in one such as %q", ref, root+".json", root+".json#/$defs/time")
		case at(to.doc, pointer(fragment)) == nil:
			return fmt.Errorf("$ref is %q, but there is nothing", ref)
		}
	}
	return s.climb(schemas, s)
}

// climb adds what the schema from extends to what s extends.
func (s *schemaFile) climb(schemas map[string]*schemaFile, from *schemaFile) error {
	for _, title := range parents(from.doc) {
		switch parent := schemas[title]; {
		case parent == nil:
			return fmt.Errorf("extends %q, which does not exist", title)
		case parent == s:
			return fmt.Errorf("extends itself by way of %s.json", from.title)
		case parent.concrete:
			return fmt.Errorf("extends %s, which is concrete: its schema_title is a const", title)
		case slices.Contains(s.extends, title):
		default:
			s.extends = append(s.extends, title)
			if err := s.climb(schemas, parent); err != nil {
				return err
			}
		}
	}
	return nil
}

// parents are the titles of the files that a schema extends: a whole file in its $ref, or in one of its allOf.
func parents(doc map[string]any) (titles []string) {
	all, _ := doc["allOf"].([]any)
	for _, part := range append([]any{doc}, all...) {
		part, _ := part.(map[string]any)
		ref, _ := part["$ref"].(string)
		if title := referred(ref); title != "" && !strings.Contains(ref, "#") {
			titles = append(titles, title)
		}
	}
	return titles
}

// referred is the title of the file that a $ref points into, empty if it is the file that the $ref is in.
func referred(ref string) string {
	file, _, _ := strings.Cut(ref, "#")
	return strings.TrimSuffix(file, ".json")
}

// references are the values of all $ref in a schema, sorted.
func references(doc map[string]any) (refs []string) {
	walk(doc, func(object map[string]any) {
		if ref, ok := object["$ref"].(string); ok {
			refs = append(refs, ref)
		}
	})
	slices.Sort(refs)
	return refs
}

// walk visits all objects of a schema that are schemas, and the maps that hold them, but no examples.
func walk(v any, visit func(map[string]any)) {
	switch v := v.(type) {
	case map[string]any:
		visit(v)
		for key, item := range v {
			if key != "examples" && key != "const" && key != "enum" && key != "default" {
				walk(item, visit)
			}
		}
	case []any:
		for _, item := range v {
			walk(item, visit)
		}
	}
}

// property is the schema that doc itself has for a field, nil if it has none.
func property(doc map[string]any, name string) map[string]any {
	properties, _ := doc["properties"].(map[string]any)
	p, _ := properties[name].(map[string]any)
	return p
}
