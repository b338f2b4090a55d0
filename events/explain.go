package events

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// maxProblems is how many things that are wrong with one event are told.
const maxProblems = 8

// problem is one thing that is wrong with an event.
type problem struct {
	path    string // of the field
	text    string
	unknown bool // the field is not one of its type's
}

// explain words what the schema refuses, the same on every run: the validator itself reports in the order of its
// maps.
func (t *eventType) explain(invalid *jsonschema.ValidationError, doc map[string]any) error {
	var problems, unsure []problem
	for _, leaf := range leaves(invalid) {
		// When a part of a schema fails, the validator takes its fields for unknown; they are not.
		path := pointer(leaf.InstanceLocation)
		if keyword(leaf) == "unevaluatedProperties" && len(path) == 1 && t.fields[path[0]] {
			unsure = append(unsure, problem{path[0], shownName(path) + " is not a field of it here", true})
			continue
		}
		problems = append(problems, t.problems(leaf, doc)...)
	}
	if len(problems) == 0 {
		problems = unsure
	}
	slices.SortFunc(problems, func(a, b problem) int {
		if a.unknown != b.unknown {
			return cmp.Compare(strconv.FormatBool(a.unknown), strconv.FormatBool(b.unknown))
		}
		return cmp.Or(cmp.Compare(a.path, b.path), cmp.Compare(a.text, b.text))
	})
	problems = slices.Compact(problems)
	texts := make([]string, 0, maxProblems+1)
	for i, p := range problems {
		if i == maxProblems {
			texts = append(texts, fmt.Sprintf("and %d more", len(problems)-i))
			break
		}
		texts = append(texts, p.text)
	}
	return errors.New(strings.Join(texts, "; "))
}

// problems words one cause; a missing-fields cause is as many problems as there are fields missing.
func (t *eventType) problems(leaf *jsonschema.ValidationError, doc map[string]any) (list []problem) {
	path := pointer(leaf.InstanceLocation)
	object, _ := at(doc, path).(map[string]any)
	add := func(unknown bool, path []string, text string) {
		list = append(list, problem{strings.Join(path, "\x00"), shownName(path) + " " + text, unknown})
	}
	switch k := keyword(leaf); k {
	case "required":
		required, _ := t.schema(leaf.AbsoluteKeywordLocation).([]any)
		for _, name := range required {
			if name := name.(string); !has(object, name) {
				add(false, append(path, name), "is missing")
			}
		}
	case "unevaluatedProperties":
		add(true, path, "is not a field of it")
	case "additionalProperties":
		properties, _ := t.schema(sibling(leaf.AbsoluteKeywordLocation, "properties")).(map[string]any)
		for name := range object {
			if !has(properties, name) {
				add(true, append(path, name), "is not a field of it")
			}
		}
	default:
		limit := t.schema(leaf.AbsoluteKeywordLocation)
		if limit == false {
			add(false, path, "must not be there")
			break
		}
		title, _ := t.schema(sibling(leaf.AbsoluteKeywordLocation, "title")).(string)
		add(false, path, "is "+shown(at(doc, path))+", want "+wanted(k, limit, title))
	}
	return list
}

// comparisons words the keywords that compare a number.
var comparisons = map[string]string{
	"minimum": "at least ", "maximum": "at most ", "exclusiveMinimum": "more than ", "exclusiveMaximum": "less than ",
}

// wanted words what a keyword of a schema asks for. title is what the schema is called, for patterns and formats,
// which say little to people.
func wanted(keyword string, limit any, title string) string {
	switch keyword {
	case "type":
		return typeNames(limit)
	case "const":
		return shown(limit)
	case "enum":
		choices, _ := limit.([]any)
		words := make([]string, len(choices))
		for i, c := range choices {
			words[i] = shown(c)
		}
		return oneOf(words)
	case "minLength":
		return "at least " + count(limit, "character")
	case "maxLength":
		return "at most " + count(limit, "character")
	case "minItems":
		return "at least " + count(limit, "item")
	case "maxItems":
		return "at most " + count(limit, "item")
	case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum":
		return comparisons[keyword] + shown(limit)
	case "pattern", "format":
		if title != "" {
			return title
		}
	case "anyOf", "oneOf", "not", "contains", "minContains", "propertyNames":
		return "what " + keyword + " of its schema allows"
	}
	return keyword + " " + shown(limit)
}

// leaves are the causes that have no causes themselves. Of alternatives, none of which fits, the causes are not
// told: each is no more the reason than the others.
func leaves(err *jsonschema.ValidationError) []*jsonschema.ValidationError {
	if k := keyword(err); len(err.Causes) == 0 || k == "anyOf" || k == "oneOf" || k == "minContains" {
		return []*jsonschema.ValidationError{err}
	}
	var all []*jsonschema.ValidationError
	for _, cause := range err.Causes {
		all = append(all, leaves(cause)...)
	}
	return all
}

// keyword is the keyword of the schema that refused.
func keyword(err *jsonschema.ValidationError) string {
	return err.KeywordLocation[strings.LastIndexByte(err.KeywordLocation, '/')+1:]
}

// sibling is the location of another keyword of the same schema.
func sibling(location, keyword string) string {
	return location[:strings.LastIndexByte(location, '/')+1] + keyword
}

// pointer splits a JSON pointer as the validator writes it.
func pointer(text string) []string {
	if text == "" {
		return nil
	}
	path := strings.Split(strings.TrimPrefix(text, "/"), "/")
	for i, p := range path {
		if plain, err := url.PathUnescape(p); err == nil {
			p = plain
		}
		path[i] = strings.ReplaceAll(strings.ReplaceAll(p, "~1", "/"), "~0", "~")
	}
	return path
}

// at is the value at a path in v, nil if there is none.
func at(v any, path []string) any {
	for _, p := range path {
		switch in := v.(type) {
		case map[string]any:
			v = in[p]
		case []any:
			i, err := strconv.Atoi(p)
			if err != nil || i < 0 || i >= len(in) {
				return nil
			}
			v = in[i]
		default:
			return nil
		}
	}
	return v
}

// lookup finds what stands at the absolute location of a keyword.
func lookup(schemas map[string]*schemaFile, location string) any {
	id, fragment, _ := strings.Cut(location, "#")
	for _, s := range schemas {
		if s.id == id {
			return at(s.doc, pointer(fragment))
		}
	}
	return nil
}

func has(object map[string]any, name string) bool {
	_, ok := object[name]
	return ok
}
