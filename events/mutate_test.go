package events

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// oddities are values at the borders of what events may have.
var oddities = strings.Fields(`null true false 0 -0 -0.0 0.0 1 -1 1.0 0e0 2e2 2E+2 2e-2 1e250 1e251 -1e250 1e308 1.8e308 5e-324 2e-324
 1e400 0e400 0e401 1e1000001 99 99.9999999999999999999999999 100 100.0 100.1 999 999.5 1000 1000.0000000000000000000001 65535 65535.5 65536
 9007199254740993 123456789012345 1234567890123456 -123456789012345678 11111111111111111111111111111111 111111111111111111111111111111111
 0.000000000000000000000000000001 1e000000000000000000000000000001 01 -01 1. .5 +1 1e 1e+ 0x1 NaN Infinity - -- 1-2 tru nul "
 "" "a" "é" "😀" "aé" "\u00e9" "\ud83d\ude00" "\ud83d" "\ude00" "\ud800\ud800" "\ud83d\u0041" "\ud83dx" "\uD83D\uDE00" "\u12" "\u12G4" "\x41" "\
 "\u003ca\u003e" "\"" "\\" "\/" "\b\f\n\r\t" "\a" "a\u0000b" "HTTPProbeEvent" "TCPProbeEvent" "Event" "1.0" "1.1" "2.0" "1.\u0030" "ok" "loss" "OK"
 "2026-01-02T03:04:05.678901Z" "2026-02-29T00:00:00.000000Z" "2024-02-29T00:00:00.000000Z" "2026-04-31T23:59:59.999999Z" "2026-13-01T00:00:00.000000Z"
 "2026-01-02T24:00:00.000000Z" "2026-01-02T23:60:00.000000Z" "2026-01-02T23:59:60.000000Z" "2026-01-02T03:04:05.67890Z" "2026-01-02t03:04:05.678901Z"
 "2026-01-00T00:00:00.000000Z" "0000-01-01T00:00:00.000000Z" "1900-02-29T00:00:00.000000Z" "2000-02-29T00:00:00.000000Z" "2026-01-02T03:04:05.678901+"
 "019b7ca9-8f81-7a31-9c5d-3f0a8e1b7c42" "019b7ca9-8f81-4a31-9c5d-3f0a8e1b7c42" "019b7ca9-8f81-7a31-7c5d-3f0a8e1b7c42" "019B7ca9-8f81-7a31-9c5d-3f0a8e1b7c42"
 "019b7ca9-8f81-7a31-9c5d-3f0a8e1b7c4" "019b7ca9-8f81-7a31-9c5d-3f0a8e1b7c420" "{019b7ca9-8f81-7a31-9c5d-3f0a8e1b7c42}" "019b7ca98f817a319c5d3f0a8e1b7c42"
 "\u00319b7ca9-8f81-7a31-9c5d-3f0a8e1b7c42" {} [] {"a":"b"} {"a":1} {"a":"b","a":"c"} {"a":"b","\u0061":"c"} {"dns":1} {"dns":1,"dns":1} {"dns":-1} {"wait":1e3}
 {"":""} {"":"","":""} {"ä":"ö"} {"a":"\ud800"} {"\ud800":"a"} [1] [1,2] [,] {,} {"a"} {"a":} {"a":"b",} [[]] [{}] {"schema_title":"TCPProbeEvent"}`)

// mutated is an event near the one in data: a few things in it are changed, removed, doubled or added. The same for
// the same seed.
func mutated(data []byte, seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, 1))
	root := grow(data)
	for range 1 + r.IntN(3) {
		list := root.all()
		mutate(r, list[r.IntN(len(list))], list)
	}
	var out strings.Builder
	root.write(r, &out, r.IntN(4) == 0)
	text := []byte(out.String())
	if r.IntN(8) == 0 && len(text) > 0 { // a byte that is wrong
		text[r.IntN(len(text))] = []byte("\x00\x1f\x7f\x80\xc0\xed\xff\"\\{}[],:0aZ")[r.IntN(18)]
	}
	if r.IntN(16) == 0 {
		text = append(text, []string{"}", " {}", "\x00", " \n", ",", "x", "\xc3", string(text)}[r.IntN(8)]...)
	}
	return text
}

// mutate changes one thing, in two of three cases into something like it.
func mutate(r *rand.Rand, t *tree, list []*tree) {
	if leaf := list[r.IntN(len(list))]; leaf.kind == 0 && r.IntN(3) > 0 {
		leaf.text = similar(r, leaf.text)
		return
	}
	if len(t.values) == 0 || t.kind == '{' && r.IntN(12) == 0 {
		*t = tree{text: oddity(r, t.text)}
		return
	}
	i := r.IntN(len(t.values))
	switch r.IntN(9) {
	case 0, 1: // remove
		t.values = append(t.values[:i:i], t.values[i+1:]...)
		if t.kind == '{' {
			t.keys = append(t.keys[:i:i], t.keys[i+1:]...)
		}
	case 2: // double
		t.insert(r, i, t.values[i])
	case 3: // what stands elsewhere
		t.values[i] = list[1+r.IntN(len(list)-1)].copied()
	case 4: // a new field
		t.insert(r, -1, &tree{text: oddity(r, "1")})
	case 5: // another key
		if t.kind == '{' {
			t.keys[i] = keyNear(r, t.keys[i])
		}
	case 6: // another order
		j := r.IntN(len(t.values))
		t.values[i], t.values[j] = t.values[j], t.values[i]
		if t.kind == '{' {
			t.keys[i], t.keys[j] = t.keys[j], t.keys[i]
		}
	case 7: // many levels or many fields
		t.values[i] = &tree{text: many(r)}
	default:
		t.values[i] = &tree{text: oddity(r, t.values[i].text)}
	}
}

// insert adds a value under the key of another, or under one that is not there if like is -1.
func (t *tree) insert(r *rand.Rand, like int, value *tree) {
	at := r.IntN(len(t.values) + 1)
	if t.kind == '{' {
		key := `"colour"`
		if like >= 0 {
			key = t.keys[like]
		}
		if r.IntN(4) == 0 {
			key = keyNear(r, key)
		}
		t.keys = append(t.keys[:at:at], append([]string{key}, t.keys[at:]...)...)
	}
	t.values = append(t.values[:at:at], append([]*tree{value.copied()}, t.values[at:]...)...)
}

// keyNear is another way to write a key, or nearly the key.
func keyNear(r *rand.Rand, key string) string {
	inner := strings.Trim(key, `"`)
	switch r.IntN(7) {
	case 0:
		return `"` + strings.Replace(inner, "a", `\u0061`, 1) + `"`
	case 1:
		return `"` + inner + `x"`
	case 2:
		return `"` + strings.ToUpper(inner) + `"`
	case 3:
		return `"\ud83d` + inner + `"`
	case 4:
		return `""`
	case 5:
		return `"` + []string{"target_id", "schema_title", "uuid", "status_code", "port", "path", "labels", "up"}[r.IntN(8)] + `"`
	}
	return inner
}

// oddity is a value at a border, or the text itself a bit longer or shorter.
func oddity(r *rand.Rand, was string) string {
	if inner, ok := strings.CutPrefix(was, `"`); ok && r.IntN(3) > 0 {
		inner = strings.TrimSuffix(inner, `"`)
		insert := []string{"", "x", "é", "😀", `\n`, `\"`, `\u003c`, `\ud83d\ude00`, `\ud83d`, "\n", "\x7f", "\x1f", "\xff", "\xed\xa0\x80", "0", " "}[r.IntN(16)]
		at := r.IntN(len(inner) + 1)
		return `"` + inner[:at] + insert + inner[min(len(inner), at+r.IntN(2)):] + `"`
	}
	return oddities[r.IntN(len(oddities))]
}

// similar is a value of the same type, most often.
func similar(r *rand.Rand, was string) string {
	switch was[0] {
	case '"':
		return oddity(r, was)
	case 't', 'f', 'n':
		return []string{"true", "false", "null", was}[r.IntN(4)]
	}
	number := fmt.Sprint(r.Uint64() >> r.IntN(64))
	if r.IntN(2) == 0 {
		number += "." + fmt.Sprint(r.Uint64()>>r.IntN(64))
	}
	if r.IntN(4) == 0 {
		number = "-" + number
	}
	if r.IntN(4) == 0 {
		number += fmt.Sprintf("%s%s%d", []string{"e", "E"}[r.IntN(2)], []string{"", "+", "-", "-0"}[r.IntN(4)], r.IntN(1<<r.IntN(11)))
	}
	return number
}

// many is something deep or wide.
func many(r *rand.Rand) string {
	n := 28 + r.IntN(8)
	if r.IntN(2) == 0 {
		return nested(n)
	}
	var out strings.Builder
	for i := range n {
		out.WriteString(`,"k` + string(rune('0'+i)) + `":"v"`)
	}
	return "{" + out.String()[1:] + "}"
}
