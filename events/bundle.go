package events

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Bundle is the schema with that title with everything that it refers to inside, so that any validator can use it
// alone: the other schemas are its $defs, and all references are local. It is indented, ends with a line break and
// is the same on every run.
func (c *Catalog) Bundle(title string) ([]byte, error) {
	s := c.schemas[title]
	if s == nil {
		return nil, fmt.Errorf("there is no schema %s; want %s", shown(title), oneOf(quoted(c.Titles())))
	}
	var own []member // of its $defs
	var out []member
	for _, m := range members(s.text) {
		if m.name == "$defs" {
			own = members(m.value)
			continue
		}
		out = append(out, member{m.name, localise(m.value, s.title, s.title)})
	}
	defs := make([]member, 0, len(own))
	for _, m := range own {
		defs = append(defs, member{m.name, localise(m.value, s.title, s.title)})
	}
	for _, other := range c.closure(title) {
		var inside []member
		for _, m := range members(c.schemas[other].text) {
			if m.name != "$id" && m.name != "$schema" {
				inside = append(inside, member{m.name, localise(m.value, other, s.title)})
			}
		}
		defs = append(defs, member{other, object(inside)})
	}
	if len(defs) > 0 {
		out = append(out, member{"$defs", object(defs)})
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, object(out), "", "  "); err != nil {
		return nil, fmt.Errorf("bundling the schema %s: %w", title, err)
	}
	indented.WriteByte('\n')
	return indented.Bytes(), nil
}

// closure is what a schema refers to, directly or by way of others, sorted.
func (c *Catalog) closure(title string) (others []string) {
	seen := map[string]bool{title: true}
	for queue := []string{title}; len(queue) > 0; queue = queue[1:] {
		for _, ref := range references(c.schemas[queue[0]].doc) {
			if other := referred(ref); other != "" && !seen[other] {
				seen[other] = true
				others, queue = append(others, other), append(queue, other)
			}
		}
	}
	slices.Sort(others)
	return others
}

// member is a key of a JSON object and what stands there.
type member struct {
	name  string
	value []byte
}

// members takes a valid JSON object apart, in its order.
func members(text []byte) (list []member) {
	d := json.NewDecoder(bytes.NewReader(text))
	_, _ = d.Token()
	for d.More() {
		name, _ := d.Token()
		var value json.RawMessage
		_ = d.Decode(&value)
		list = append(list, member{name.(string), value})
	}
	return list
}

func object(list []member) []byte {
	out := []byte{'{'}
	for i, m := range list {
		if i > 0 {
			out = append(out, ',')
		}
		name, _ := json.Marshal(m.name)
		out = append(append(append(out, name...), ':'), m.value...)
	}
	return append(out, '}')
}

var reference = regexp.MustCompile(`"\$ref"\s*:\s*"([^"\\]*)"`)

// localise makes the references in a part of the file from local to the bundle of the schema whole.
func localise(text []byte, from, whole string) []byte {
	return reference.ReplaceAllFunc(text, func(ref []byte) []byte {
		to := string(reference.FindSubmatch(ref)[1])
		_, fragment, _ := strings.Cut(to, "#")
		title := referred(to)
		if title == "" {
			title = from
		}
		if title != whole {
			fragment = "/$defs/" + title + fragment
		}
		return []byte(`"$ref": "#` + fragment + `"`)
	})
}
