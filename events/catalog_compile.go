package events

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/uptimer/uptimer/events/acceptor"
)

// eventType is a type, compiled.
type eventType struct {
	title    string
	ancestry []string           // what it extends, the nearest first
	versions []version          // those that we know, ascending; the last is written
	fields   map[string]bool    // its own and those of its ancestors
	schema   func(string) any   // what stands at an absolute keyword location
	known    *jsonschema.Schema // for the versions that we know
	newer    *jsonschema.Schema // for newer minor versions: takes unknown fields
	quick    *acceptor.Acceptor // for the versions that we know; nil if the type has no fast path
	slow     error              // why it has none
}

func newEventType(schemas map[string]*schemaFile, title string) (*eventType, error) {
	s := schemas[title]
	t := &eventType{title: title, ancestry: s.extends, fields: make(map[string]bool)}
	for _, of := range append([]string{title}, s.extends...) {
		properties, _ := schemas[of].doc["properties"].(map[string]any)
		for name := range properties {
			t.fields[name] = true
		}
	}
	t.schema = func(location string) any { return lookup(schemas, location) }
	if err := t.checkShape(s); err != nil {
		return nil, fmt.Errorf("%s.json: %w", title, err)
	}
	return t, nil
}

// checkShape holds a schema to what tells concrete and abstract types apart.
func (t *eventType) checkShape(s *schemaFile) (err error) {
	closed := s.doc["unevaluatedProperties"] == false
	if !s.concrete {
		if closed {
			return errors.New("unevaluatedProperties is false in a type that is extended, so every event of the types that extend it would be refused")
		}
		return nil
	}
	switch title := property(s.doc, "schema_title")["const"]; {
	case title != s.title:
		return fmt.Errorf("the const of schema_title is %s, want %q", shown(title), s.title)
	case !slices.Contains(s.extends, root):
		return fmt.Errorf("does not extend %s.json", root)
	case !closed:
		return errors.New("unevaluatedProperties is not false, so misspelt fields would be taken")
	}
	t.versions, err = readVersions(property(s.doc, "schema_version")["enum"])
	return err
}

// asWritten is the schema for the versions that it names.
func asWritten(s *schemaFile) (map[string]any, error) { return s.doc, nil }

// opened is the schema for newer minor versions: it says the same of the fields that we know, and takes others.
func opened(s *schemaFile) (map[string]any, error) {
	doc, err := decodeNumbers(s.text)
	if err != nil {
		return nil, err
	}
	walk(doc, func(object map[string]any) {
		for _, keyword := range []string{"unevaluatedProperties", "additionalProperties"} {
			if object[keyword] == false {
				delete(object, keyword)
			}
		}
	})
	delete(property(doc, "schema_version"), "enum")
	return doc, nil
}

// newCompiler knows the schemas and loads nothing else.
func newCompiler(schemas map[string]*schemaFile, form func(*schemaFile) (map[string]any, error)) (*jsonschema.Compiler, error) {
	c := jsonschema.NewCompiler()
	c.Draft = jsonschema.Draft2020
	c.AssertFormat = true
	c.LoadURL = func(url string) (io.ReadCloser, error) {
		return nil, fmt.Errorf("%s is not among the schemas", url)
	}
	for title, s := range schemas {
		doc, err := form(s)
		if err != nil {
			return nil, fmt.Errorf("%s.json: %w", title, err)
		}
		text, err := json.Marshal(doc)
		if err != nil {
			return nil, fmt.Errorf("%s.json: %w", title, err)
		}
		if err := c.AddResource(s.id, bytes.NewReader(text)); err != nil {
			return nil, fmt.Errorf("%s.json: %w", title, err)
		}
	}
	return c, nil
}

// compile compiles one schema. The library panics on patterns that are no regular expressions.
func compile(c *jsonschema.Compiler, s *schemaFile) (compiled *jsonschema.Schema, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%s.json: %v", s.title, r)
		}
	}()
	if compiled, err = c.Compile(s.id); err != nil {
		return nil, fmt.Errorf("%s.json: %w", s.title, err)
	}
	return compiled, nil
}
