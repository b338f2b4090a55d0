package events

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/uptimer/uptimer/internal/setting"
)

// maxShown bounds how much of a value that came from outside an error repeats.
const maxShown = 80

// shown is a value as errors show it: on one line, bounded, without the password of a URL.
func shown(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return strconv.FormatBool(v)
	case string:
		return strconv.Quote(bounded(setting.Redact(v)))
	case json.Number:
		return bounded(v.String())
	case map[string]any:
		return "an object"
	case []any:
		return "an array"
	}
	return fmt.Sprintf("%T", v)
}

func bounded(text string) string {
	if len(text) <= maxShown {
		return text
	}
	return strings.ToValidUTF8(text[:maxShown], "") + "…"
}

// found says what a field is that should be something else: "is missing", or "is" and its value.
func found(doc map[string]any, name string) string {
	v, ok := doc[name]
	if !ok {
		return "is missing"
	}
	return "is " + shown(v)
}

var plainName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// shownName is a field's path as errors show it: timings_ms.dns, labels."a b".
func shownName(path []string) string {
	if len(path) == 0 {
		return "it"
	}
	names := make([]string, len(path))
	for i, p := range path {
		if names[i] = p; !plainName.MatchString(p) {
			names[i] = strconv.Quote(bounded(p))
		}
	}
	return strings.Join(names, ".")
}

var typeWords = map[string]string{
	"null": "null", "boolean": "true or false", "object": "an object", "array": "an array", "number": "a number",
	"string": "a text", "integer": "a whole number",
}

// typeNames words the value of the keyword type.
func typeNames(v any) string {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	words := make([]string, len(list))
	for i, name := range list {
		name, _ := name.(string)
		words[i] = typeWords[name]
	}
	return strings.Join(words, " or ")
}

// count is a number of things.
func count(n any, thing string) string {
	if n == json.Number("1") {
		return "1 " + thing
	}
	return shown(n) + " " + thing + "s"
}

// quoted is texts as errors show them.
func quoted(texts []string) []string {
	words := make([]string, len(texts))
	for i, t := range texts {
		words[i] = shown(t)
	}
	return words
}

// oneOf names what may be chosen from.
func oneOf(words []string) string {
	if len(words) == 1 {
		return words[0]
	}
	return "one of " + strings.Join(words, ", ")
}
