package targets

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"github.com/uptimer/uptimer/internal/setting"
)

// readVariables takes the targets of PROBE_URLS, and the regular expressions of PROBE_REGEXES.
func (b *builder) readVariables(o *Origin) {
	urls, isList, err := urlList(b.cfg.URLs)
	if err != nil {
		b.mistakes.Add(o.Name, "", err) // not shown: there may be passwords in it
	} else if len(urls) == 1 && !isList && strings.ContainsAny(b.cfg.URLs, ", \t\n") {
		if _, _, err = b.readURL(&row{text: [fieldsEnd]string{fieldURL: urls[0]}}); err != nil {
			b.mistakes.Add(o.Name, hideUser(urls[0]), fmt.Errorf("%w (a list is written %s)", err, listExample))
		}
	}
	if err == nil && !isList && len(urls) == 1 && severalURLs.MatchString(urls[0]) {
		err = fmt.Errorf("several URLs in one; want a list, written %s", listExample)
		b.mistakes.Add(o.Name, setting.Redact(urls[0]), err)
	}
	if err != nil {
		b.uncounted, urls = true, nil
	}
	b.readURLs(o, urls, isList)
}

// severalURLs finds URLs with commas between them, which would be one with a strange path; behind a question mark it
// may be meant.
var severalURLs = regexp.MustCompile(`^[^?]*,\s*(https?|tcp|icmp)://`)

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
	_, parts, err := b.readURL(r)
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
		b.mistakes.Add("PROBE_REGEXES", "", fmt.Errorf("%d regular expressions, but PROBE_URLS has %d; want one for all, or as many as PROBE_URLS (an empty text for a URL without)", len(regexes), urls))
		good = false
	}
	if len(regexes) <= 1 || !good {
		return nil
	}
	return regexes
}

const utf8BOM = "\ufeff"

func isUTF16(start []byte) bool {
	return bytes.HasPrefix(start, []byte{0xff, 0xfe}) || bytes.HasPrefix(start, []byte{0xfe, 0xff})
}
