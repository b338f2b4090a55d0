package targets

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"

	"go.yaml.in/yaml/v3"
)

// readVariables takes the targets of PROBE_URLS, and the regular expressions of PROBE_REGEXES.
func (b *builder) readVariables(o *Origin) {
	urls, isList, err := urlList(b.cfg.URLs)
	if err != nil {
		b.mistakes.Add(o.Name, "", err) // not shown: there may be passwords in it
	} else if len(urls) == 1 && !isList && strings.ContainsAny(b.cfg.URLs, ", \t\n") {
		if _, _, err = b.readURL(urls[0]); err != nil {
			b.mistakes.Add(o.Name, hideUser(urls[0]), fmt.Errorf("%w (a list is written %s)", err, listExample))
		}
	}
	if err != nil {
		b.uncounted, urls = true, nil
	}
	b.readURLs(o, urls, isList)
}

// readURLs takes URLs, each with its regular expression.
func (b *builder) readURLs(o *Origin, urls []string, isList bool) {
	regexes := b.readRegexes(len(urls))
	for i, url := range urls {
		r := row{}
		r.text[fieldURL] = url
		if isList {
			r.line = int32(i + 1)
		}
		if i < len(regexes) && regexes[i] != "" {
			b.addWithRegex(o, &r, regexes[i])
			continue
		}
		b.add(o, &r)
	}
	b.endList()
}

// addWithRegex adds a URL that has a regular expression of its own, by position.
func (b *builder) addWithRegex(o *Origin, r *row, regex string) {
	_, parts, err := b.readURL(r.text[fieldURL])
	if err == nil && parts.Protocol() != HTTP {
		b.mistakes.Add(regexPlace(r.line), regex, fmt.Errorf("%s has no regular expression, as it is %s; want an empty text here", o.where(r.line, ""), parts.Protocol()))
		return
	}
	r.text[fieldRegex] = regex
	b.add(o, r)
}

func regexPlace(position int32) string { return fmt.Sprintf("PROBE_REGEXES[%d]", position) }

// readRegexes returns one expression a URL, or none and sets the one for all.
func (b *builder) readRegexes(urls int) []string {
	if b.cfg.Regexes == "" {
		return nil
	}
	regexes, isList := regexList(b.cfg.Regexes)
	good := true
	for i, regex := range regexes {
		err := checkText(regex)
		if err == nil {
			err = checkRegex(regex)
		}
		if err == nil {
			continue
		}
		place := "PROBE_REGEXES"
		if isList {
			place = regexPlace(int32(i + 1))
		}
		b.mistakes.Add(place, regex, err)
		good = false
	}
	if len(regexes) == 1 && good {
		b.regex = regexes[0]
	}
	if len(regexes) > 1 && len(regexes) != urls && !b.uncounted {
		b.mistakes.Add("PROBE_REGEXES", "", fmt.Errorf("%d regular expressions for %d URLs; want one for all, or as many as PROBE_URLS (an empty text for a URL without)", len(regexes), urls))
		good = false
	}
	if len(regexes) <= 1 || !good {
		return nil
	}
	return regexes
}

// urlList reads PROBE_URLS: one URL, an array, or YAML lines that begin with a dash.
//
// An array is tried as JSON, then as a YAML flow sequence. No TOML library is needed: TOML's arrays of quoted
// strings, with their single quotes, comments, line breaks and trailing comma, are YAML flow sequences.
func urlList(text string) (urls []string, isList bool, err error) {
	text = strings.TrimSpace(text)
	first := firstLine(text)
	switch {
	case text == "":
		return nil, false, nil
	case isDash(first):
		urls, err = dashList(text)
		return urls, true, err
	case strings.HasPrefix(first, "[") && !beginsWithAddress(first):
		urls, err = array(text)
		return urls, true, err
	}
	return []string{text}, false, nil
}

// regexList reads PROBE_REGEXES. It is a list only if it is an array of quoted strings or YAML lines that begin
// with a dash, because [a-z]+ is an expression.
func regexList(text string) (regexes []string, isList bool) {
	if isDash(firstLine(text)) {
		if regexes, err := dashList(text); err == nil {
			return regexes, true
		}
	}
	if strings.HasPrefix(firstLine(text), "[") {
		if err := json.Unmarshal([]byte(text), &regexes); err == nil {
			return regexes, true
		}
		if regexes, quoted, err := yamlList(text); err == nil && quoted {
			return regexes, true
		}
	}
	return []string{strings.Trim(text, "\r\n")}, false
}

// firstLine is the first line that says something: not empty, no comment and no start of a YAML document.
func firstLine(text string) string {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line != "" && line[0] != '#' && line != "---" {
			return line
		}
	}
	return ""
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

// dashList reads YAML lines. Where they are not YAML, because a text begins with [ or * or holds ": ", each line is
// taken by itself and such a text as it stands.
func dashList(text string) (items []string, err error) {
	if items, _, err = yamlList(text); err == nil {
		return items, nil
	}
	items = nil
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line == "---" {
			continue
		}
		if !isDash(line) {
			return nil, errors.New("not a list; want every line to begin with a dash and a space")
		}
		if one, _, err := yamlList(line); err == nil && len(one) == 1 {
			items = append(items, one[0])
			continue
		}
		item, _, _ := strings.Cut(line[1:], " #")
		items = append(items, strings.TrimSpace(item))
	}
	return items, nil
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

var utf8BOM = []byte("\ufeff")

func isUTF16(start []byte) bool {
	return bytes.HasPrefix(start, []byte{0xff, 0xfe}) || bytes.HasPrefix(start, []byte{0xfe, 0xff})
}
