package targets

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// yamlReader reads targets from YAML: a sequence of mappings or URLs, or a mapping whose key targets holds it.
// Nodes are walked rather than decoded, for they know their lines, keep texts as written and show what is given twice.
type yamlReader struct {
	b        *builder
	origin   *Origin
	row      row
	pairs    map[*yaml.Node]string // mappings of labels and headers that were read already: aliases share them
	expanded int                   // bytes that came through aliases
}

// maxExpanded bounds what aliases can make of a small file.
const maxExpanded = 64 << 20

// readYAML takes the targets of a YAML file.
func (b *builder) readYAML(o *Origin, content []byte) {
	defer b.endList()
	y := &yamlReader{b: b, origin: o, pairs: map[*yaml.Node]string{}}
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	var doc, more yaml.Node
	err := decoder.Decode(&doc)
	if errors.Is(err, io.EOF) || err == nil && len(doc.Content) == 0 {
		return
	}
	if err != nil {
		y.blameForm(err, content)
		return
	}
	y.readDocument(doc.Content[0])
	switch err := decoder.Decode(&more); {
	case err == nil:
		y.blame(&more, "", "", errors.New("a second document begins; want one document"))
	case !errors.Is(err, io.EOF):
		y.blameForm(err, content)
	}
}

var (
	yamlError     = regexp.MustCompile(`^yaml: (?:line ([0-9]+): )?`)
	unknownAnchor = regexp.MustCompile(`unknown anchor '(.*)' referenced`)
)

// blameForm notes that the file is not YAML. The library's line is where it noticed, or where the part began in
// which it did.
func (y *yamlReader) blameForm(err error, content []byte) {
	text := err.Error()
	line := 1
	if found := yamlError.FindStringSubmatch(text); found != nil && found[1] != "" {
		line, _ = strconv.Atoi(found[1])
	}
	text = yamlError.ReplaceAllString(text, "")
	if found := unknownAnchor.FindStringSubmatch(text); found != nil {
		before, _, _ := bytes.Cut(content, []byte("*"+found[1]))
		line, text = 1+bytes.Count(before, []byte("\n")), "an alias without its anchor" // whose name may be anything
	}
	y.b.blameAt(y.origin, int32(line), "", "", fmt.Errorf("not YAML, here or soon after: %s; want texts that begin with one of *&!|>{[%%@` or hold a colon and a space in quotes", text))
}

func (y *yamlReader) blame(at *yaml.Node, name, value string, err error) {
	y.b.blameAt(y.origin, int32(at.Line), name, hideUser(value), err)
}

func (y *yamlReader) readDocument(root *yaml.Node) {
	if root.Kind == yaml.MappingNode {
		root = y.targetsKey(root)
	}
	switch {
	case root == nil || isNull(root):
	case root.Kind == yaml.SequenceNode:
		for _, item := range root.Content {
			if y.expanded > maxExpanded {
				y.blame(item, "", "", errors.New("aliases stand for more than 64 MiB; want the texts shorter, or written out"))
				return
			}
			y.readItem(item)
		}
	default:
		y.blame(root, "", "", errors.New("not a list of targets; want lines such as - url: https://example.com"))
	}
}

// targetsKey finds the value of the key targets, nil if there is none.
func (y *yamlReader) targetsKey(mapping *yaml.Node) (list *yaml.Node) {
	wrong := false
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		key, value := mapping.Content[i], mapping.Content[i+1]
		switch {
		case key.Value != "targets" || key.Kind != yaml.ScalarNode:
			err := errors.New("unknown key; want a list of targets, or the key targets that holds it")
			if _, e := fieldOf(key.Value, "key"); e == nil {
				err = errors.New("a target outside a list; want a dash before it")
			}
			y.blame(key, "key", key.Value, err)
			wrong = true
		case list != nil:
			y.blame(key, "targets", "", errors.New("given twice; want it once"))
		default:
			list = value
		}
	}
	if list == nil && !wrong {
		y.blame(mapping, "", "", errors.New("the mapping is empty; want a list of targets"))
	}
	return list
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// readItem reads one target. An alias for a whole target could only repeat it.
func (y *yamlReader) readItem(item *yaml.Node) {
	y.row = row{line: int32(item.Line)}
	switch {
	case item.Kind == yaml.ScalarNode:
		y.row.text[fieldURL] = yamlText(item)
	case item.Kind == yaml.MappingNode:
		y.readFields(item)
	default:
		y.blame(item, "", "", errors.New("not a target; want a URL, or a mapping such as url: https://example.com"))
		return
	}
	y.b.add(y.origin, &y.row)
}

func (y *yamlReader) readFields(mapping *yaml.Node) {
	var given [fieldsEnd]bool
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		key, value := mapping.Content[i], mapping.Content[i+1]
		if key.Kind != yaml.ScalarNode {
			y.blame(key, "", "", errors.New("a key that is no text; want the name of a field such as url"))
			continue
		}
		f, err := fieldOf(key.Value, "key")
		if key.Value == "<<" {
			err = errors.New("merging is not supported; want the fields written out (an alias may stand for the value of a field)")
		}
		if err == nil && given[f] {
			err = errors.New("given twice; want it once")
		}
		if err != nil {
			y.blame(key, "key", key.Value, err)
			continue
		}
		given[f] = true
		y.row.at[f] = int32(value.Line)
		before := len(y.b.found)
		y.row.text[f] = y.value(f, value)
		y.row.said = y.row.said || f == fieldURL && len(y.b.found) > before
	}
}

// value is the text of a field. It counts what aliases stand for.
func (y *yamlReader) value(f field, n *yaml.Node) (text string) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
		defer func() { y.expanded += len(text) }()
	}
	isPairs := f == fieldLabels || f == fieldHeaders
	switch {
	case isNull(n):
		return ""
	case isPairs && n.Kind == yaml.MappingNode:
		return y.mapping(f, n)
	case isPairs:
		y.blame(n, rules[f].name, "", fmt.Errorf("not a mapping; want for example {%s}", yamlExample[f]))
	case n.Kind != yaml.ScalarNode:
		y.blame(n, rules[f].name, "", errors.New("a list or mapping; want a single text or number"))
	default:
		return yamlText(n)
	}
	return ""
}

var yamlExample = map[field]string{fieldLabels: "team: a, tier: 1", fieldHeaders: `X-Key: v, Accept: "*/*"`}

// mapping reads labels or headers, each mapping once.
func (y *yamlReader) mapping(f field, n *yaml.Node) string {
	if text, known := y.pairs[n]; known {
		return text
	}
	pairs := make([]pair, 0, len(n.Content)/2)
	given := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if value.Kind == yaml.AliasNode {
			value = value.Alias
			y.expanded += len(value.Value)
		}
		if f == fieldHeaders && value.Kind == yaml.SequenceNode && key.Kind == yaml.ScalarNode && !given[key.Value] {
			pairs = append(pairs, y.several(f, key, value)...)
			given[key.Value] = true
			continue
		}
		switch {
		case key.Kind != yaml.ScalarNode || value.Kind != yaml.ScalarNode:
			y.blame(key, rules[f].name, "", errors.New("a name or value that is a list or mapping; want a text or number"))
		case f == fieldHeaders && given[key.Value]:
			y.blame(key, rules[f].name, "", errors.New("a header is given twice; want it once, or its values as a list"))
		default:
			pairs = append(pairs, pair{strings.TrimSpace(key.Value), strings.TrimSpace(yamlText(value)), int32(key.Line)})
		}
		given[key.Value] = true
	}
	text := encodePairs(f, pairs, func(line int32, name string, err error) {
		y.b.blameAt(y.origin, line, rules[f].name, name, err)
	})
	y.pairs[n] = text
	return text
}

// several reads a header that is sent more than once: its values are a list.
func (y *yamlReader) several(f field, key, list *yaml.Node) (pairs []pair) {
	for _, value := range list.Content {
		if value.Kind != yaml.ScalarNode {
			y.blame(key, rules[f].name, "", errors.New("a value in a list that is no text or number; want a list of texts"))
			continue
		}
		pairs = append(pairs, pair{strings.TrimSpace(key.Value), strings.TrimSpace(yamlText(value)), int32(value.Line)})
	}
	return pairs
}
