package targets

import (
	"encoding/json"
	"slices"
	"strings"
)

// labelPairs is the labels that Options keeps as JSON, sorted by name.
func labelPairs(object string) []pair {
	var labels map[string]string
	_ = json.Unmarshal([]byte(object), &labels) // encodeLabels has written it
	pairs := make([]pair, 0, len(labels))
	for name, value := range labels {
		pairs = append(pairs, pair{name: name, value: value})
	}
	slices.SortFunc(pairs, func(a, b pair) int { return strings.Compare(a.name, b.name) })
	return pairs
}

// headerPairs is the headers that Options keeps as lines.
func headerPairs(lines string) (pairs []pair) {
	headers, _ := ParseHeaders(lines) // encodeHeaders has written them
	for _, h := range headers {
		pairs = append(pairs, pair{name: h.Name, value: h.Value})
	}
	return pairs
}

// headersCell is headers as CSV and the table have them.
func headersCell(lines string) string { return joinPairs(headerPairs(lines), ": ") }

// labelsCell is labels as CSV has them.
func labelsCell(object string) string {
	pairs := labelPairs(object)
	for i := range pairs {
		pairs[i].name = beforeMark(strings.ReplaceAll(pairs[i].name, "=", `\=`))
	}
	return joinPairs(pairs, "=")
}

// joinPairs is what splitPairs takes apart.
func joinPairs(pairs []pair, between string) string {
	parts := make([]string, len(pairs))
	for i, p := range pairs {
		parts[i] = strings.ReplaceAll(p.name+between+p.value, ";", `\;`)
		if i < len(pairs)-1 {
			parts[i] = beforeMark(parts[i])
		}
	}
	return strings.Join(parts, ";")
}

// beforeMark keeps a backslash at the end from making an escape of the mark behind it. The space is dropped when it is
// read.
func beforeMark(text string) string {
	if strings.HasSuffix(text, `\`) {
		return text + " "
	}
	return text
}
