package targets

import (
	"testing"

	"github.com/uptimer/uptimer/internal/setting"
)

// A service would be called down for a status that the user expects.
func TestStatusSet(t *testing.T) {
	var s StatusSet
	if s.Contains(200) {
		t.Error("the zero set holds something")
	}
	if err := s.Decode(" 200, 301 - 308,404 "); err != nil {
		t.Fatal(err)
	}
	for code, want := range map[int]bool{200: true, 199: false, 201: false, 300: false, 301: true, 305: true, 308: true, 309: false, 404: true, -1: false, 0: false, 1000: false, 1 << 40: false} {
		if s.Contains(code) != want {
			t.Errorf("%d: %v, want %v", code, !want, want)
		}
	}
	if s.String() != "200, 301 - 308,404" {
		t.Errorf("%q", s)
	}
	all, err := ParseStatusSet("100-999")
	if err != nil || !all.Contains(100) || !all.Contains(999) {
		t.Errorf("%v %v", all, err)
	}
}

// A server would be sent other bytes than the user wrote.
func TestUnescape(t *testing.T) {
	for text, want := range map[string]string{
		"":                   "",
		"PING":               "PING",
		`PING\r\n`:           "PING\r\n",
		`\x00\xff\x1B\0\t\\`: "\x00\xff\x1b\x00\t\\",
		`\"\'`:               `"'`,
		`\\n`:                `\n`,
		"grün":               "grün",
	} {
		if got, err := Unescape(text); err != nil || string(got) != want {
			t.Errorf("%q: %q %v, want %q", text, got, err, want)
		}
	}
	for _, text := range []string{`\`, `a\q`, `\x`, `\x1`, `\xg1`, `\x+1`} {
		if got, err := Unescape(text); err == nil {
			t.Errorf("%q became %q", text, got)
		}
	}
}

// A misspelled column would be named without the one that was meant, or with one that was not.
func TestNearest(t *testing.T) {
	for word, want := range map[string]string{
		"intervall": "interval", "header": "headers", "expectedstatus": "expected_status", "ulr": "url", "colour": "", "xyzzy": "",
		"redirects": "", "lables": "labels", "tls-verify": "tls_verify",
	} {
		if got := setting.Nearest(word, fieldNames); got != want {
			t.Errorf("%s: %q, want %q", word, got, want)
		}
	}
}
