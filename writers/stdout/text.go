package stdout

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/uptimer/uptimer/events"
)

// timeLayout is how people are shown times: UTC, to the millisecond.
const timeLayout = "2006-01-02T15:04:05.000Z"

// The column of targets is as wide as the widest that was printed, within these bounds.
const (
	minTarget = 24
	maxTarget = 48
)

// text is the format for people: a line an event, the columns of checks aligned.
type text struct {
	target int // the width of the targets' column
}

func (t *text) append(out []byte, e events.Event) []byte {
	fields := fieldsOf(e)
	if line, ok := t.check(e, fields); ok {
		return append(append(out, line...), '\n')
	}
	return append(appendFields(out, e, fields), '\n')
}

// check is the line of a probe's event: time, UP or DOWN, target, status, response time, and what is wrong. It
// knows no protocol: a field that the event does not have is a dash.
func (t *text) check(e events.Event, fields map[string]any) (string, bool) {
	up, isCheck := fields["up"].(bool)
	target, hasTarget := fields["target"].(string)
	if !e.Is("ProbeEvent") || !isCheck || !hasTarget {
		return "", false
	}
	if name, ok := fields["target_name"].(string); ok && name != "" {
		target = name
	}
	target = visible(target)
	t.target = max(t.target, minTarget, min(utf8.RuneCountInString(target), maxTarget))
	state := "UP"
	if !up {
		state = "DOWN"
	}
	line := fmt.Sprintf("%s  %-4s  %-*s  %5s  %s", e.Time().Format(timeLayout), state, t.target, target,
		status(fields), took(fields["response_time_ms"]))
	if !up {
		line += "  " + wrong(fields)
	}
	return line, true
}

// status is the status code of an answer, or how many of the packets came back.
func status(fields map[string]any) string {
	if code, ok := fields["status_code"].(json.Number); ok {
		return code.String()
	}
	sent, wereSent := fields["packets_sent"].(json.Number)
	received, came := fields["packets_received"].(json.Number)
	if wereSent && came {
		return received.String() + "/" + sent.String()
	}
	return "-"
}

// took is a response time, or a mean round trip.
func took(v any) string {
	number, _ := v.(json.Number)
	ms, err := number.Float64()
	if err != nil {
		return fmt.Sprintf("%10s", "-")
	}
	return fmt.Sprintf("%7.1f ms", ms)
}

// wrong says why a target is down.
func wrong(fields map[string]any) string {
	reason, _ := fields["reason"].(string)
	cause, _ := fields["error"].(string)
	if cause == "" {
		return visible(reason)
	}
	return visible(reason + ": " + cause)
}

// shownAnyway are fields that the line of every event begins with, or that say nothing to people.
var shownAnyway = []string{"schema_title", "schema_version", "uuid", "event_time"}

// appendFields appends the line of an event that is no check: time, title, and its fields by name.
func appendFields(out []byte, e events.Event, fields map[string]any) []byte {
	out = fmt.Appendf(out, "%s  %s", e.Time().Format(timeLayout), visible(e.Title()))
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if !slices.Contains(shownAnyway, name) {
			out = fmt.Appendf(out, " %s=%s", word(name), value(fields[name]))
		}
	}
	return out
}

// value is a field's value: a word where that is clear, else JSON.
func value(v any) string {
	if text, ok := v.(string); ok {
		return word(text)
	}
	var out strings.Builder
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return strconv.Quote(err.Error())
	}
	return string(appendEscaped(nil, []byte(strings.TrimSuffix(out.String(), "\n"))))
}

// word is a text that is quoted unless one sees without where it begins and ends.
func word(text string) string {
	if text == "" || strings.ContainsFunc(text, func(r rune) bool {
		return r == ' ' || r == '=' || r == '"' || !unicode.IsPrint(r)
	}) {
		return strconv.Quote(text)
	}
	return text
}

// visible is a text with an escape for every character that a terminal could take for an order, or that cannot be
// seen.
func visible(text string) string {
	if !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return text
	}
	var out strings.Builder
	for _, r := range text {
		if unicode.IsPrint(r) {
			out.WriteRune(r)
		} else {
			out.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
	}
	return out.String()
}
