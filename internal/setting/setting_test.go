package setting

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

// A time span that is read as another one checks too often or hardly ever.
func TestParseDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"30": 30 * time.Second, "2.5": 2500 * time.Millisecond, "1m30s": 90 * time.Second, "-1": -time.Second, " 5 ": 5 * time.Second,
		"0": 0, "0.000000001": 1, "250ms": 250 * time.Millisecond, "1e3": 1000 * time.Second, ".5": 500 * time.Millisecond,
	} {
		if got, err := ParseDuration(text); err != nil || got != want {
			t.Errorf("%q is %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "soon", "1 minute", "NaN", "Inf", "-Inf", "1e300", "0x10", "1_000", "5d", "--1", "5s5"} {
		if got, err := ParseDuration(text); err == nil {
			t.Errorf("%q is taken as %v", text, got)
		}
	}
}

// An amount that is off by a factor of a thousand fills the memory, or nothing.
func TestParseBytes(t *testing.T) {
	for text, want := range map[string]Bytes{
		"256MiB": 256 << 20, "1GB": 1e9, "64k": 64 << 10, "65536": 65536, "1.5 MiB": 3 << 19, "10b": 10, "1KB": 1000, "2TiB": 2 << 40,
	} {
		if got, err := ParseBytes(text); err != nil || got != want {
			t.Errorf("%q is %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "0", "-1", "lots", "1XB", "NaN", "1e30", "MiB", "0.5b", "0x10"} {
		if got, err := ParseBytes(text); err == nil {
			t.Errorf("%q is taken as %d", text, got)
		}
	}
	for amount, want := range map[Bytes]string{256 << 20: "256MiB", 1000: "1000B", 1 << 40: "1TiB", 3 << 10: "3KiB"} {
		if amount.String() != want {
			t.Errorf("%d is shown as %s, want %s", int64(amount), amount, want)
		}
	}
}

// `off` that means on, or the other way round, turns the checking of certificates off.
func TestParseYesNo(t *testing.T) {
	for _, text := range []string{"yes", "Y", "true", "T", "on", "1", " YES "} {
		if got, err := ParseYesNo(text); err != nil || !got {
			t.Errorf("%q is %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"no", "N", "false", "F", "off", "0"} {
		if got, err := ParseYesNo(text); err != nil || got {
			t.Errorf("%q is %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "2", "maybe", "nope"} {
		if _, err := ParseYesNo(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

// A list with a stray comma must not hold a word that is empty.
func TestWords(t *testing.T) {
	var w Words
	if err := w.Decode(" a, b ,,c,"); err != nil || w.String() != "a,b,c" {
		t.Errorf("%q, %v", w, err)
	}
	if err := w.Decode(" , "); err == nil {
		t.Error("an empty list is taken")
	}
}

// Passwords are in URLs of every kind; one that is shown in a log stays there for years.
func TestRedact(t *testing.T) {
	for text, want := range map[string]string{
		"https://a.example/x":                                  "https://a.example/x",
		"https://user:pw@a.example/x":                          "https://xxxxx@a.example/x",
		"https://user:p@w@a.example/x":                         "https://xxxxx@a.example/x",
		"see postgres://u:pw@db/x and https://u@b":             "see postgres://xxxxx@db/x and https://xxxxx@b",
		`["https://u:pw@a.example", "https://u:pw@b.example"]`: `["https://xxxxx@a.example", "https://xxxxx@b.example"]`,
		"https://u:pw@":                                        "https://xxxxx@",
		"https://a.example/?mail=me@b.example":                 "https://a.example/?mail=me@b.example",
		"user:pw@proxy.example:3128":                           "xxxxx@proxy.example:3128",
		"me@b.example":                                         "me@b.example",
	} {
		if got := Redact(text); got != want {
			t.Errorf("%s is shown as %s, want %s", text, got, want)
		}
	}
	if s := fmt.Sprintf("%v %s %+v %#v %q", Secret("pw"), Secret("pw"), Secret("pw"), Secret("pw"), Secret("pw")); strings.Contains(s, "pw") {
		t.Errorf("a secret is shown: %s", s)
	}
}

// Several mistakes must come out as several lines, each with its place, and a long value must not fill the screen.
func TestMistakes(t *testing.T) {
	var ms Mistakes
	if ms.Err() != nil {
		t.Error("none is an error")
	}
	ms.Add("A", "https://u:pw@x", errors.New("wrong; want right"))
	ms.Join("B", errors.New("broken"))
	ms.Join("C", Mistakes{{Where: "D", Value: strings.Repeat("é", 500), Err: errors.New("long")}})
	ms.Join("E", nil)
	lines := strings.Split(ms.Err().Error(), "\n")
	if len(lines) != 3 || lines[0] != `A="https://xxxxx@x": wrong; want right` || lines[1] != "B: broken" || len(lines[2]) > 200 {
		t.Errorf("%q", lines)
	}
}

// A list with a million wrong lines must not fill the memory, the screen or the log; how many there were must be said.
func TestMistakesAreBounded(t *testing.T) {
	var ms, all Mistakes
	for range 3000 {
		ms.Add("A", "v", errors.New("wrong"))
	}
	all.Add("B", "", errors.New("first"))
	all.Join("", ms)
	all.Join("", ms)
	for _, c := range []struct {
		ms   Mistakes
		last string
	}{{ms, "and 2000 more mistakes"}, {all, "and 5001 more mistakes"}} {
		lines := strings.Split(c.ms.Error(), "\n")
		if len(lines) != MostMistakes+1 || lines[MostMistakes] != c.last {
			t.Errorf("%d lines, the last is %q, want %q", len(lines), lines[len(lines)-1], c.last)
		}
	}
}

// A suggestion that is far off is worse than none.
func TestNearest(t *testing.T) {
	known := []string{"PROBE_URLS", "PROBE_TIMEOUT", "LOG_LEVEL"}
	for word, want := range map[string]string{"PROBE_URL": "PROBE_URLS", "PROBE_TIMOEUT": "PROBE_TIMEOUT", "HOME": "", "x": ""} {
		if got := Nearest(word, known); got != want {
			t.Errorf("%s: %q, want %q", word, got, want)
		}
	}
}

// A value that makes the reader of settings panic ends the program with a stack trace.
func FuzzValues(f *testing.F) {
	for _, seed := range []string{"30", "1m30s", "256MiB", "yes", "a,b", "https://u:pw@a", "1e308", "-0", "µs", "\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if b, err := ParseBytes(text); err == nil {
			if again, err := ParseBytes(b.String()); err != nil || again != b {
				t.Errorf("%q is %s, which is read as %d", text, b, again)
			}
		}
		if d, err := ParseDuration(text); err == nil {
			if again, err := ParseDuration(d.String()); err != nil || again != d {
				t.Errorf("%q is %s, which is read as %s", text, d, again)
			}
		}
		if n, err := ParseCount(text); err == nil && (n < 0 || n > math.MaxInt32) {
			t.Errorf("%q is the count %d", text, n)
		}
		_, _ = ParseYesNo(text)
		_ = Redact(text)
		_ = Nearest(text, []string{"PROBE_URLS"})
	})
}
