package main

import (
	"bufio"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	kafkareader "github.com/uptimer/uptimer/readers/kafka"
)

// Headers come from anybody: one that breaks the line would make two letters of one, or write to the terminal.
func FuzzALetterIsOneLine(f *testing.F) {
	f.Add("uptimer-events", "3", "17", "no event: not JSON")
	f.Add("", "", "", "")
	f.Add("a\tb", "\n", "\r\x00", "\x1b]0;title\x07\u2028\u202e\u0085")
	f.Add("\xff", "-1", "９", `"quoted" \t`)
	f.Fuzz(func(t *testing.T, topic, partition, offset, reason string) {
		var b strings.Builder
		out := letterLines{bufio.NewWriter(&b)}
		if err := out.line(kafkareader.Letter{Topic: topic, Partition: partition, Offset: offset, Reason: reason}); err != nil {
			t.Fatal(err)
		}
		out.to.Flush()
		line, ok := strings.CutSuffix(b.String(), "\n")
		fields := strings.Split(line, "\t")
		if !ok || len(fields) != 5 || !utf8.ValidString(line) || strings.ContainsFunc(strings.Join(fields, ""), unicode.IsControl) {
			t.Errorf("%q", b.String())
		}
		for _, field := range fields {
			if field == "" {
				t.Errorf("%q has an empty field", line)
			}
		}
	})
}
