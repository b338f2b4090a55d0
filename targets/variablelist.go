package targets

import (
	"encoding/json"
	"errors"
	"io"
	"net/netip"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// urlList reads PROBE_URLS: one URL, an array, or YAML lines that begin with a dash.
//
// An array is tried as JSON, then as a YAML flow sequence. No TOML library is needed: TOML's arrays of quoted
// strings, with their single quotes, comments, line breaks and trailing comma, are YAML flow sequences.
func urlList(text string) (urls []string, isList bool, err error) {
	first := firstLine(text)
	switch {
	case strings.TrimSpace(text) == "":
		return nil, false, nil
	case isDash(first):
		urls, err = dashList(text)
		return urls, true, err
	case strings.HasPrefix(first, "[") && !beginsWithAddress(first):
		urls, err = array(strings.TrimSpace(text))
		return urls, true, err
	}
	return []string{strings.TrimSpace(text)}, false, nil
}

// regexList reads PROBE_REGEXES. It is a list only if it is an array of quoted strings or YAML lines that begin
// with a dash and a space, because [a-z]+ and - are expressions.
func regexList(text string) (regexes []string, isList bool) {
	alone := strings.Trim(text, "\r\n")
	first := firstLine(text)
	if isDash(first) && strings.TrimLeft(alone, " \t") != "-" {
		if regexes, err := dashList(text); err == nil {
			return regexes, true
		}
	}
	if strings.HasPrefix(first, "[") {
		if err := json.Unmarshal([]byte(text), &regexes); err == nil {
			return regexes, true
		}
		if regexes, quoted, err := yamlList(text); err == nil && quoted {
			return regexes, true
		}
		if regexes, ok := literalArray(text); ok {
			return regexes, true
		}
	}
	return []string{alone}, false
}

// skipHead drops what says nothing: empty lines, comments, the start of a YAML document, and the white space behind.
func skipHead(text string) string {
	for text != "" {
		line, rest, _ := strings.Cut(text, "\n")
		line = strings.TrimSpace(line)
		if line != "" && line[0] != '#' && line != "---" {
			return strings.TrimSpace(text)
		}
		text = rest
	}
	return ""
}

// firstLine is the first line that says something.
func firstLine(text string) string {
	line, _, _ := strings.Cut(skipHead(text), "\n")
	return strings.TrimSpace(line)
}

const listExample = `["https://example.com", "tcp://db.example.com:5432"]`

func isDash(line string) bool { return line == "-" || strings.HasPrefix(line, "- ") }

// beginsWithAddress finds the bare IPv6 host, such as [::1]:8080, which is no list.
func beginsWithAddress(text string) bool {
	inside, _, closed := strings.Cut(text[1:], "]")
	addr, err := netip.ParseAddr(strings.Replace(inside, "%25", "%", 1))
	return closed && err == nil && addr.Is6()
}

// array reads a list in brackets. Without quotes, what YAML cannot read is cut at its commas: [[::1]:80, a*b].
func array(text string) (items []string, err error) {
	if json.Unmarshal([]byte(text), &items) == nil {
		return items, nil
	}
	items, _, err = yamlList(text)
	if err == nil {
		return items, nil
	}
	if strings.ContainsAny(text, `"'`) || text[0] != '[' || text[len(text)-1] != ']' {
		return nil, errors.New("not a list; want " + listExample)
	}
	inside := strings.TrimRight(text[1:len(text)-1], ", \t\r\n")
	for item := range strings.SplitSeq(inside, ",") {
		items = append(items, strings.TrimSpace(item))
	}
	return items, nil
}

// dashList reads YAML lines. Lines that all begin with a dash are one list, however each is indented. Where they are
// not YAML, because a text begins with [ or * or holds ": ", each line is taken by itself and such a text as it
// stands; so are all texts in quotes when a backslash in one of them is no escape.
func dashList(text string) (items []string, err error) {
	lines := dashLines(text)
	if lines != nil {
		text = strings.Join(lines, "\n")
	}
	if items, _, err = yamlList(text); err == nil {
		return items, nil
	}
	if lines == nil {
		return nil, errors.New("not a list; want every line to begin with a dash and a space")
	}
	literal := slices.ContainsFunc(lines, isLiteral)
	for _, line := range lines {
		items = append(items, dashItem(line, literal))
	}
	return items, nil
}

// dashLines is the lines that say something, without indentation, if all of them begin with a dash.
func dashLines(text string) (lines []string) {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line == "---" {
			continue
		}
		if !isDash(line) {
			return nil
		}
		lines = append(lines, line)
	}
	return lines
}

// isLiteral tells whether a line is a text in quotes that YAML cannot read.
func isLiteral(line string) bool {
	_, quoted := quotedItem(line)
	_, err := yamlItem(line)
	return quoted && err != nil
}

// dashItem is the text of one line.
func dashItem(line string, literal bool) string {
	if item, quoted := quotedItem(line); quoted && literal {
		return item
	}
	if item, err := yamlItem(line); err == nil {
		return item
	}
	item, _, _ := strings.Cut(line[1:], " #")
	return strings.TrimSpace(item)
}

// quotedItem is the text of a line in quotes as it stands.
func quotedItem(line string) (item string, quoted bool) {
	item, rest, ok := cutQuoted(strings.TrimSpace(line[1:]))
	return item, ok && isEnd(rest)
}

// yamlItem is the text of a line as YAML reads it.
func yamlItem(line string) (string, error) {
	items, _, err := yamlList(line)
	if err != nil {
		return "", err
	}
	return items[0], nil
}

// yamlList reads a YAML sequence of texts. quoted tells whether all of them are in quotes.
func yamlList(text string) (items []string, quoted bool, err error) {
	var doc, more yaml.Node
	decoder := yaml.NewDecoder(strings.NewReader(text))
	if err := decoder.Decode(&doc); err != nil {
		return nil, false, err
	}
	if err := decoder.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, false, errors.New("more than one document")
	}
	list := &doc
	if len(doc.Content) > 0 {
		list = doc.Content[0]
	}
	if list.Kind != yaml.SequenceNode {
		return nil, false, errors.New("not a sequence")
	}
	quoted = true
	for _, item := range list.Content {
		if item.Kind != yaml.ScalarNode {
			return nil, false, errors.New("not a sequence of texts")
		}
		quoted = quoted && item.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0
		items = append(items, yamlText(item))
	}
	return items, quoted, nil
}

// yamlText is the text of a scalar of any type as it was written; null is empty.
func yamlText(n *yaml.Node) string {
	if n.ShortTag() == "!!null" {
		return ""
	}
	return n.Value
}
