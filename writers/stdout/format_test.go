package stdout

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/events/eventstest"
	"github.com/uptimer/uptimer/events/plugin"
)

// If this failed, programs that read the output would get something else than the event that was checked.
func TestJSONIsTheEventAndALineBreak(t *testing.T) {
	e := parse(t, `{"uuid":"019b7caa-c508-7e12-a3b4-c5d6e7f80910", "schema_title":"DummyEvent","schema_version":"1.0",`+
		`"event_time":"2026-01-02T03:05:25.000000Z","target":"<&>","reader":"\u001b","integer_value":7.0,"float_value":1E2}`)
	line := string(e.JSON()) + "\n"
	if got := printed(t, "json", e, e); got != line+line {
		t.Errorf("got  %q\nwant %q twice", got, line)
	}
}

// If this failed, a person would see a JSON that is hard to read, or whose numbers or texts were changed.
func TestPrettyIsIndentedAndSorted(t *testing.T) {
	e := parse(t, `{"uuid":"019b7caa-c508-7e12-a3b4-c5d6e7f80910","schema_title":"DummyEvent","schema_version":"1.0",`+
		`"event_time":"2026-01-02T03:05:25.000000Z","target":"<&>\u001b[31m\u009b1m\u202e","reader":"x","integer_value":9007199254740993,"float_value":1E2}`)
	want := `{
  "event_time": "2026-01-02T03:05:25.000000Z",
  "float_value": 1E2,
  "integer_value": 9007199254740993,
  "reader": "x",
  "schema_title": "DummyEvent",
  "schema_version": "1.0",
  "target": "<&>\u001b[31m\u009b1m\u202e",
  "uuid": "019b7caa-c508-7e12-a3b4-c5d6e7f80910"
}
`
	if got := printed(t, "pretty", e, e); got != want+want {
		t.Errorf("got\n%s\nwant twice\n%s", got, want)
	}
}

// If this failed, a person could not see at a glance what is up, what is down and why.
func TestTextIsALineForPeople(t *testing.T) {
	for _, c := range []struct {
		name, title, want string
		set               map[string]string
	}{
		{"up, with a name", "HTTPProbeEvent", "2026-01-02T03:04:05.678Z  UP    checkout                    200     52.8 ms",
			map[string]string{"response_time_ms": "52.8499"}},
		{"down, without a name", "HTTPProbeEvent", "2026-01-02T03:04:05.678Z  DOWN  https://example.com/health      -   9000.0 ms  timeout: no answer within 9s",
			map[string]string{"target_name": "null", "status_code": "null", "up": "false", "reason": `"timeout"`, "error": `"no answer within 9s"`, "response_time_ms": "9000"}},
		{"down without a word", "TCPProbeEvent", "2026-01-02T03:04:05.678Z  DOWN  cache                         -      1.0 ms  refused",
			map[string]string{"up": "false", "reason": `"refused"`, "response_time_ms": "1"}},
		{"packets", "ICMPProbeEvent", "2026-01-02T03:04:05.678Z  UP    icmp://192.0.2.7            3/3     12.5 ms", nil},
		{"fields that are not there", "HTTPProbeEvent", "2026-01-02T03:04:05.678Z  UP    https://example.com/health      -      2.0 ms",
			map[string]string{"target_name": "", "status_code": "", "response_time_ms": "2"}},
		{"no check", "DummyEvent", `2026-01-02T03:04:05.678Z  DummyEvent float_value=0.5 integer_value=7 reader="two words" target=""`,
			map[string]string{"float_value": "0.5", "reader": `"two words"`, "target": `""`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := printed(t, "text", example(t, c.title, c.set)); got != c.want+"\n" {
				t.Errorf("got  %q\nwant %q", got, c.want+"\n")
			}
		})
	}
}

// If this failed, the columns would dance from line to line, or one long target would push them all off the screen.
func TestTextIsAligned(t *testing.T) {
	named := func(name string) events.Event {
		return example(t, "TCPProbeEvent", map[string]string{"target_name": `"` + name + `"`})
	}
	long := strings.Repeat("é", 60)
	lines := strings.Split(printed(t, "text", named("a"), named("größer-als-der-Rest"), named("b"), named(long), named("c")), "\n")
	at := func(line int, text string) int {
		before, _, _ := strings.Cut(lines[line], text)
		return len([]rune(before))
	}
	if at(1, " ms") != at(2, " ms") || at(0, " ms") > at(1, " ms") {
		t.Errorf("not aligned after the widest so far:\n%s", strings.Join(lines, "\n"))
	}
	if !strings.Contains(lines[3], long) || at(4, " ms") != at(0, " ms")+maxTarget-minTarget {
		t.Errorf("one long target makes the column wider than %d:\n%s", maxTarget, strings.Join(lines, "\n"))
	}
}

// If this failed, a server or whoever writes the list of targets could give orders to the terminal of the person
// who looks, or fake lines.
// (Seen to fail with visible or word returning their text as it is.)
func TestNoTextReachesTheTerminalAsAnOrder(t *testing.T) {
	const evil = `"\u001b]0;title\u0007\u009b31m\r\n2026\u2028\u202e\u0000\u007f\ud834\udd73\u00a0"`
	var key string
	if err := json.Unmarshal([]byte(evil), &key); err != nil {
		t.Fatal(err)
	}
	batch := []events.Event{
		example(t, "HTTPProbeEvent", map[string]string{"target": evil, "target_name": "null"}),
		example(t, "HTTPProbeEvent", map[string]string{"target_name": evil, "up": "false", "reason": `"body"`, "error": evil}),
		example(t, "HTTPProbeEvent", map[string]string{"labels": `{` + evil + `:` + evil + `}`}),
		example(t, "DummyEvent", map[string]string{"target": evil}),
		example(t, "DummyEvent", map[string]string{"schema_version": `"1.7"`, key: "1", "more": `{` + evil + `:[` + evil + `]}`}),
	}
	for _, format := range []string{"text", "pretty"} {
		for i, e := range batch {
			got := printed(t, format, e)
			body := strings.TrimSuffix(got, "\n")
			if format == "text" && strings.Contains(body, "\n") {
				t.Errorf("text, event %d: more than a line: %q", i, got)
			}
			for _, r := range strings.ReplaceAll(body, "\n", "") {
				if !unicode.IsPrint(r) {
					t.Errorf("%s, event %d: prints %U: %q", format, i, r, got)
					break
				}
			}
		}
	}
}

// If this failed, pretty would print another event than the one that was checked.
func FuzzPrettyIsTheSameEvent(f *testing.F) {
	for _, text := range []string{"", "plain", "\x1b[31m", "\u009b\u202e\U0001d173", `"\`, "\u00a0\ufeff\u2028", "\xff"} {
		f.Add(text, text)
	}
	f.Fuzz(func(t *testing.T, name, value string) {
		text, err := json.Marshal(map[string]any{
			"schema_title": "DummyEvent", "schema_version": "1.1", "uuid": "019b7caa-c508-7e12-a3b4-c5d6e7f80910",
			"event_time": "2026-01-02T03:05:25.000000Z", "target": value, "reader": "", "integer_value": 1, "float_value": 1,
			"x" + name: map[string]any{name: []string{value}},
		})
		if err != nil {
			t.Fatal(err)
		}
		e, err := eventstest.Catalog(t).Parse(text)
		if err != nil {
			t.Skip() // too long or too odd to be an event
		}
		var want, got any
		if err := json.Unmarshal(e.JSON(), &want); err != nil {
			t.Fatal(err)
		}
		pretty := printed(t, "pretty", e)
		if err := json.Unmarshal([]byte(pretty), &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%v\ngot  %q\nwant %q", err, pretty, e.JSON())
		}
		line := printed(t, "text", e)
		if strings.ContainsFunc(strings.TrimSuffix(pretty+line, "\n"), func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }) ||
			strings.Count(line, "\n") != 1 {
			t.Fatalf("prints what a terminal could take for an order: %q %q", pretty, line)
		}
	})
}

// If this failed, a slip of the pen would not be said, or be said without the remedy.
func TestMistakes(t *testing.T) {
	for value, want := range map[string]string{
		"xml":  `STDOUT_FORMAT="xml": unknown; want one of json, pretty, text`,
		"JSON": `STDOUT_FORMAT="JSON": unknown; want one of json, pretty, text`,
	} {
		_, err := Plugin.Open(plugin.NewEnvironment([]string{"STDOUT_FORMAT=" + value}), plugin.Host{})
		if err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
	if w, err := Plugin.Open(plugin.NewEnvironment(nil), plugin.Host{}); err != nil || w == nil {
		t.Errorf("without settings: %v", err)
	}
}
