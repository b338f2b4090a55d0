package events

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
)

// dummyWith is a DummyEvent with text in the place of a value.
func dummyWith(t testing.TB, field, text string) []byte {
	t.Helper()
	return changed(t, examples(t, "DummyEvent")[0], map[string]json.RawMessage{field: json.RawMessage(text)})
}

// raw puts what is no valid JSON in the place of float_value.
func raw(t testing.TB, text string) []byte {
	t.Helper()
	event := dummyWith(t, "float_value", "123456789")
	return bytes.Replace(event, []byte("123456789"), []byte(text), 1)
}

func nested(levels int) string {
	return strings.Repeat("[", levels) + strings.Repeat("]", levels)
}

// If this failed, a message from outside could crash the program, fill its memory, or be stored as something else
// than what was sent. (Seen to fail when checkNumber was left out: 1e1000001 was taken for the value of a field without
// bounds; the validator panics on it where there are any.)
func TestLimits(t *testing.T) {
	valid := string(dummyWith(t, "target", `"x"`))
	padded := func(size int) []byte {
		return dummyWith(t, "target", `"`+strings.Repeat("x", size-len(valid)+1)+`"`)
	}
	c := catalog(t)
	if _, err := c.Parse(padded(MaxBytes)); err != nil {
		t.Errorf("an event of 1 MiB: %v", err)
	}
	for _, test := range []struct {
		name string
		data []byte
		want string
	}{
		{"nothing", nil, `no event: empty, want a JSON object`},
		{"white space", []byte(" \n"), `no event: not JSON at byte 2: unexpected end of JSON input`},
		{"too long", padded(MaxBytes + 1), `no event: 1048577 bytes long, want at most 1048576 (1 MiB)`},
		{"null", []byte(`null`), `no event: null, want a JSON object`},
		{"a list", []byte(`[]`), `no event: an array, want a JSON object`},
		{"a text", []byte(`"HTTPProbeEvent"`), `no event: "HTTPProbeEvent", want a JSON object`},
		{"an empty object", []byte(`{}`), `no event: schema_title is missing, want one of "DummyEvent", "HTTPProbeEvent", "ICMPProbeEvent", "TCPProbeEvent"`},
		{"cut short", []byte(valid[:20]), `no event: not JSON at byte 20: unexpected end of JSON input`},
		{"trailing data", []byte(valid + valid), `no event: not JSON at byte 209: invalid character '{' after top-level value`},
		{"NaN", raw(t, `NaN`), `no event: not JSON at byte 59: invalid character 'N' looking for beginning of value`},
		{"Infinity", raw(t, `-Infinity`), `no event: not JSON at byte 60: invalid character 'I' in numeric literal`},
		{"a leading zero", raw(t, `01`), `no event: not JSON at byte 60: invalid character '1' after object key:value pair`},
		{"no UTF-8", raw(t, "\"\xff\""), `no event: not UTF-8 at byte 60`},
		{"an overlong form", raw(t, "\"\xc0\x80\""), `no event: not UTF-8 at byte 60`},
		{"a surrogate in UTF-8", raw(t, "\"\xed\xa0\x80\""), `no event: not UTF-8 at byte 60`},
		{"a byte order mark", []byte("\ufeff" + valid), `no event: not JSON at byte 1: invalid character 'ï' looking for beginning of value`},
		{"a high surrogate", raw(t, `"\ud800"`), `no event: not UTF-8: an escape such as \ud800 is half of a pair and no character`},
		{"a low surrogate", raw(t, `"\udc00"`), `no event: not UTF-8: an escape such as \ud800 is half of a pair and no character`},
		{"two high surrogates", raw(t, `"\ud800\ud800"`), `no event: not UTF-8: an escape such as \ud800 is half of a pair and no character`},
		{"a surrogate and another escape", raw(t, `"\ud800\n00"`), `no event: not UTF-8: an escape such as \ud800 is half of a pair and no character`},
		{"a lone surrogate in a key", []byte(`{"\ud83d":1}`), `no event: not UTF-8: an escape such as \ud800 is half of a pair and no character`},
		{"a key twice", []byte(`{"a":1,"b":{},"a":1}`), `no event: the key "a" is there twice`},
		{"a key twice, once escaped", []byte(`{"ab":1,"a\u0062":1}`), `no event: the key "ab" is there twice`},
		{"a key twice inside", []byte(`{"a":[{"b":1,"b":2}]}`), `no event: the key "b" is there twice`},
		{"33 levels", raw(t, nested(32)), `no event: nested too deep, want at most 32 levels`},
		{"33 levels of objects", raw(t, strings.Repeat(`{"a":`, 32)+"1"+strings.Repeat("}", 32)), `no event: nested too deep, want at most 32 levels`},
		{"a hundred thousand levels", raw(t, nested(100_000)), `no event: nested too deep, want at most 32 levels`},
		{"half a million open brackets", bytes.Repeat([]byte(`[`), 500_000), `no event: nested too deep, want at most 32 levels`},
		{"too large", raw(t, `1e1000001`), `no event: the number 1e1000001 does not fit a float64`},
		{"just too large", raw(t, `1.8e308`), `no event: the number 1.8e308 does not fit a float64`},
		{"too small", raw(t, `1e-1000001`), `no event: the number 1e-1000001 does not fit a float64`},
		{"just too small", raw(t, `-2e-324`), `no event: the number -2e-324 does not fit a float64`},
		{"nothing, at length", raw(t, `0e1000001`), `no event: the number 0e1000001 does not fit a float64`},
		{"nothing, with a vast exponent", raw(t, `-0.0E+99999999999999999999`), `no event: the number -0.0E+99999999999999999999 does not fit a float64`},
		{"33 digits", raw(t, strings.Repeat("1", 33)), `no event: the number 111111111111111111111111111111111 has 33 characters, want at most 32`},
		{"a million digits", raw(t, strings.Repeat("1", 1_000_000)), `no event: the number ` + strings.Repeat("1", 80) + `… has 1000000 characters, want at most 32`},
	} {
		_, err := c.Parse(test.data)
		if err == nil {
			t.Errorf("%s: was taken for an event", test.name)
		} else if err.Error() != test.want {
			t.Errorf("%s:\n got %s\nwant %s", test.name, err, test.want)
		}
	}
}

// If this failed, events that are within the limits would be refused.
func TestWithinLimits(t *testing.T) {
	for _, number := range []string{
		"0", "-0", "-0.0", "0e0", "0E+400", "1.7976931348623157e308", "5e-324", "-5E-324", strings.Repeat("1", 32), "1e000000000000000000000000000001", "9007199254740993",
	} {
		if _, err := catalog(t).Parse(raw(t, number)); err != nil {
			t.Errorf("%s: %v", number, err)
		}
	}
	for text, want := range map[string]string{
		`"\ud83d\ude00"`: "😀", `"\uD83D\uDE00x"`: "😀x", `"\u0000"`: "\x00", `"\ufffd"`: "\ufffd", `"a\"\\\/\b\f\n\r\tz"`: "a\"\\/\b\f\n\r\tz", `"ä\u00e4\u2028"`: "ää\u2028", `"\\ud800"`: `\ud800`,
	} {
		doc, err := decode(dummyWith(t, "target", text))
		if err != nil || doc["target"] != want {
			t.Errorf("%s is read as %q, %v; want %q", text, doc["target"], err, want)
		}
		if _, err := catalog(t).Parse(dummyWith(t, "target", text)); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	// The schema refuses the value, but the limits let 32 levels pass.
	_, err := catalog(t).Parse(raw(t, nested(31)))
	if want := "DummyEvent: float_value is an array, want a number"; err == nil || err.Error() != want {
		t.Errorf("32 levels: %v, want %s", err, want)
	}
}

// If this failed, a number that gets past the limits could end the program: the validator panics on it.
// (Seen to fail when judge did not recover.)
func TestPanicOfTheValidatorIsNoEvent(t *testing.T) {
	dummy := catalog(t).types["DummyEvent"]
	doc, err := decode(examples(t, "DummyEvent")[0])
	if err != nil {
		t.Fatal(err)
	}
	doc["integer_value"] = json.Number("1e1000001")
	if err := dummy.judge(dummy.known, doc); err == nil || !strings.HasPrefix(err.Error(), "no valid event: ") {
		t.Errorf("got %v", err)
	}
}

// If this failed, what an event says would not be what was read, or would not fit on a line.
func TestJSONIsWhatWasRead(t *testing.T) {
	c := catalog(t)
	odd := " {\"float_value\" : 1.50,\"target\":\"<\\u0041\\/>\",\t\"reader\":\"\u2028\", \"integer_value\":7," +
		`"schema_version":"1.0","schema_title":"DummyEvent","event_time":"2026-01-02T03:05:25.000000Z","uuid":"019b7caa-c508-7e12-a3b4-c5d6e7f80910"} `
	e, err := c.Parse([]byte(odd))
	if err != nil || string(e.JSON()) != odd {
		t.Errorf("got  %s, %v\nwant %s", e.JSON(), err, odd)
	}
	for _, lineBreak := range []string{"\n", "\r", "\r\n"} {
		want := strings.TrimSpace(strings.NewReplacer(" : ", ":", ",\t", ",", ", ", ",").Replace(odd))
		e, err := c.Parse([]byte(strings.Replace(odd, ",", ","+lineBreak, 2)))
		if err != nil || string(e.JSON()) != want {
			t.Errorf("with the line break %s:\n got %s, %v\nwant %s", strconv.Quote(lineBreak), e.JSON(), err, want)
		}
	}
}

// If this failed, an event that waits to be written would change when its reader reads the next message into the
// same buffer. (Seen to fail when Parse did not clone.)
func TestParseKeepsNothingOfItsInput(t *testing.T) {
	for _, example := range examples(t, "HTTPProbeEvent") {
		for _, lineBreaks := range []bool{true, false} {
			buffer := bytes.Clone(example)
			if !lineBreaks {
				buffer = bytes.ReplaceAll(buffer, []byte("\n"), []byte(" "))
			}
			e, err := catalog(t).Parse(buffer)
			if err != nil {
				t.Fatal(err)
			}
			text, key, title, version := string(e.JSON()), strings.Clone(e.Key()), strings.Clone(e.Title()), strings.Clone(e.Version())
			for i := range buffer {
				buffer[i] = 'x'
			}
			if string(e.JSON()) != text || e.Key() != key || e.Title() != title || e.Version() != version {
				t.Errorf("the event became the %s %s of %q: %.80s", e.Title(), e.Version(), e.Key(), e.JSON())
			}
		}
	}
}
