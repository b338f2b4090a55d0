package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/schemas"
)

// described is what a schema file says about its own fields, and what it extends.
type described struct {
	AllOf []struct {
		Ref string `json:"$ref"`
	}
	Properties map[string]struct {
		Description string
		Type        any
	}
}

func (d described) orNull(field string) bool {
	list, _ := d.Properties[field].Type.([]any)
	for _, one := range list {
		if one == "null" {
			return true
		}
	}
	return false
}

// inherited are the fields of the types that a type extends.
func inherited(all map[string]described, title string) map[string]bool {
	fields := map[string]bool{}
	for _, base := range all[title].AllOf {
		base := strings.TrimSuffix(base.Ref, ".json")
		maps.Copy(fields, inherited(all, base))
		for field := range all[base].Properties {
			fields[field] = true
		}
	}
	return fields
}

var fieldRow = regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| ([^|]+) \\| (.*) \\|$")

// checkSection holds the part of the page about one event type to its schema.
func checkSection(t *testing.T, title, section string, schema described, inherited map[string]bool) {
	rows := map[string][]string{}
	for _, row := range fieldRow.FindAllStringSubmatch(section, -1) {
		rows[row[1]] = row[2:]
	}
	for field, is := range schema.Properties {
		row, there := rows[field]
		switch {
		case inherited[field] && (field == "schema_title" || field == "schema_version"):
		case inherited[field]:
			if !strings.Contains(section, "`"+field+"`") {
				t.Errorf("%s: says nothing about %s, which its schema narrows: %s", title, field, is.Description)
			}
		case !there:
			t.Errorf("%s: has no row | `%s` | … | %s |", title, field, is.Description)
		case row[1] != is.Description:
			t.Errorf("%s: %s is described as\n  %s\nbut in the schema as\n  %s", title, field, row[1], is.Description)
		case strings.HasSuffix(row[0], " or null") != schema.orNull(field):
			t.Errorf("%s: %s is called %s, but its type is %v", title, field, row[0], is.Type)
		}
		delete(rows, field)
	}
	for field := range rows {
		t.Errorf("%s: has a row for %s, which is not a field of its own", title, field)
	}
}

// Whoever writes a program for events reads their fields on one page: a field that is missing there, or told
// otherwise than its schema does, leads to a wrong program. Seen to fail when a row was left out and a text changed.
func TestEveryFieldIsOnThePage(t *testing.T) {
	content, err := os.ReadFile("../../docs/events.md")
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]string{}
	for section := range strings.SplitSeq(string(content), "\n## ") {
		headline, text, _ := strings.Cut(section, "\n")
		title, _, _ := strings.Cut(headline, ":")
		text, _, _ = strings.Cut(text, "\n### ") // their tables are not of fields
		sections[title] = text
	}
	catalog, err := events.NewCatalog(schemas.FS)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]described{}
	for _, title := range catalog.Titles() {
		text, err := schemas.FS.ReadFile(title + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var schema described
		if err := json.Unmarshal(text, &schema); err != nil {
			t.Fatal(err)
		}
		all[title] = schema
	}
	for title, schema := range all {
		checkSection(t, title, sections[title], schema, inherited(all, title))
	}
}

var jsonBlock = regexp.MustCompile("(?ms)^ *```json\n(.*?)^ *```$")

// An example of an event that no program would accept is worse than none. Seen to fail with a field too many.
func TestEventsOfTheDocsAreEvents(t *testing.T) {
	catalog, err := events.NewCatalog(schemas.FS)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, p := range pages(t) {
		for _, block := range jsonBlock.FindAllStringSubmatch(p.content, -1) {
			for decoder := json.NewDecoder(strings.NewReader(block[1])); decoder.More(); {
				var value json.RawMessage
				if err := decoder.Decode(&value); err != nil {
					t.Errorf("%s: %v in\n%s", p.path, err, block[1])
					break
				}
				if !bytes.Contains(value, []byte(`"schema_title"`)) {
					continue
				}
				event, err := catalog.Parse(value)
				if err != nil {
					t.Errorf("%s: %v in\n%s", p.path, err, value)
					continue
				}
				seen[event.Title()] = seen[event.Title()] || strings.HasSuffix(p.path, "events.md")
			}
		}
	}
	for _, title := range catalog.Titles() {
		if catalog.Concrete(title) && !seen[title] {
			t.Errorf("docs/events.md has no example of %s", title)
		}
	}
}
