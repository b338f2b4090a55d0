package acceptor

import (
	"fmt"
	"maps"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// elements sets what the elements of an array must be.
func (c *compiler) elements(n *node, all []*jsonschema.Schema) (err error) {
	var items []*jsonschema.Schema
	for _, s := range all {
		if s.Items2020 != nil {
			items = append(items, s.Items2020)
		}
	}
	n.items = c.any
	if n.kinds&array != 0 {
		n.items, err = c.node(false, items...)
	}
	return err
}

// members sets what the fields of an object must be.
func (c *compiler) members(n *node, all []*jsonschema.Schema, outermost bool) (err error) {
	if n.kinds&object == 0 {
		return nil
	}
	var wanted []string
	if outermost {
		wanted = c.wanted
	}
	names := named(all, wanted)
	if len(names) > maxFields {
		return fmt.Errorf("%s: an object of more than %d fields", all[0].Location, maxFields)
	}
	fences, err := c.fences(all)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		f := field{name: name, opening: `"` + name + `":`, found: slices.Index(wanted, name)}
		if f.value, err = c.member(all, fences, name, true); err != nil {
			return err
		}
		if names[name] {
			n.required |= 1 << len(n.fields)
		}
		n.fields = append(n.fields, f)
	}
	n.hash()
	n.order = make(order, len(n.fields)+1)
	n.others, err = c.member(all, fences, "", false)
	return err
}

// named are the fields of the table, and whether each must be there: those that a schema names, and those that are
// reported, also if they are among those that no schema names.
func named(all []*jsonschema.Schema, wanted []string) map[string]bool {
	required := make(map[string]bool)
	for _, name := range wanted {
		required[name] = false
	}
	for _, s := range all {
		for name := range s.Properties {
			if _, there := required[name]; !there {
				required[name] = false
			}
		}
		for _, name := range s.Required {
			required[name] = true
		}
	}
	return required
}

// member is what a field must be: that with a name in the table, or all that are not in it. Where there may be none
// it is a node that takes no value, or nil for those that are not in the table.
func (c *compiler) member(all []*jsonschema.Schema, fences []fence, name string, inTable bool) (*node, error) {
	var schemas []*jsonschema.Schema
	refused := slices.ContainsFunc(fences, func(f fence) bool { return !inTable || !f.names[name] })
	for _, s := range all {
		if own := s.Properties[name]; inTable && own != nil {
			schemas = append(schemas, own)
			continue
		}
		switch others := s.AdditionalProperties.(type) {
		case bool:
			refused = refused || !others
		case *jsonschema.Schema:
			schemas = append(schemas, others)
		}
	}
	switch {
	case !refused:
		return c.node(false, schemas...)
	case inTable:
		return &node{}, nil
	}
	return nil, nil
}

// fence is an unevaluatedProperties that is false: only these fields may be there.
type fence struct{ names map[string]bool }

// fences are those of all schemas that judge the object. A field is evaluated if a schema names it that judges the
// object because of the one with the fence; an additionalProperties or a fence there evaluates all.
func (c *compiler) fences(all []*jsonschema.Schema) (list []fence, err error) {
	for _, s := range all {
		if s.UnevaluatedProperties == nil {
			continue
		}
		if always := s.UnevaluatedProperties.Always; always == nil || *always {
			return nil, fmt.Errorf("%s: unevaluatedProperties is not false", s.Location)
		}
		f, open := fence{make(map[string]bool)}, s.AdditionalProperties != nil
		for _, below := range reachable(s) {
			open = open || below.AdditionalProperties != nil || below != s && below.UnevaluatedProperties != nil
			for name := range below.Properties {
				f.names[name] = true
			}
		}
		if !open {
			list = append(list, f)
		}
	}
	return list, nil
}

// reachable is what gather found below a schema; that it does not end in itself is known by now.
func reachable(s *jsonschema.Schema) []*jsonschema.Schema {
	all := []*jsonschema.Schema{s}
	for _, other := range s.AllOf {
		all = append(all, reachable(other)...)
	}
	if s.Ref != nil {
		all = append(all, reachable(s.Ref)...)
	}
	return all
}
