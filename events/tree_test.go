package events

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"strings"
)

// tree is a JSON value that is easily made a bit wrong: what is no object or array is its text, which need not be
// JSON.
type tree struct {
	kind   byte // '{', '[', or 0
	text   string
	keys   []string // of an object, quoted
	values []*tree
}

// grow reads what encoding/json calls valid.
func grow(data []byte) *tree {
	raw := bytes.TrimSpace(data)
	t := &tree{kind: raw[0]}
	switch raw[0] {
	case '{':
		for _, m := range members(raw) {
			key, _ := json.Marshal(m.name)
			t.keys, t.values = append(t.keys, string(key)), append(t.values, grow(m.value))
		}
	case '[':
		var items []json.RawMessage
		_ = json.Unmarshal(raw, &items)
		for _, item := range items {
			t.values = append(t.values, grow(item))
		}
	default:
		t.kind, t.text = 0, string(raw)
	}
	return t
}

// all are the tree and everything in it.
func (t *tree) all() []*tree {
	list := []*tree{t}
	for _, v := range t.values {
		list = append(list, v.all()...)
	}
	return list
}

// write is the tree as JSON, now and then with white space.
func (t *tree) write(r *rand.Rand, out *strings.Builder, spaced bool) {
	space := func() {
		if spaced && r.IntN(3) == 0 {
			out.WriteString([]string{" ", "\n", "\t", "\r\n", "  ", "\v", "\u00a0", "\x00"}[spaceIndex(r)])
		}
	}
	if t.kind == 0 {
		out.WriteString(t.text)
		return
	}
	out.WriteByte(t.kind)
	for i, v := range t.values {
		if i > 0 {
			space()
			out.WriteByte(',')
		}
		space()
		if t.kind == '{' {
			out.WriteString(t.keys[i])
			space()
			out.WriteByte(':')
			space()
		}
		v.write(r, out, spaced)
	}
	space()
	out.WriteByte(t.kind + 2) // } and ] come two after { and [
}

// spaceIndex is nearly always that of real white space.
func spaceIndex(r *rand.Rand) int {
	if r.IntN(50) == 0 {
		return 5 + r.IntN(3)
	}
	return r.IntN(5)
}

// copied is the tree without what shares anything with it, so that none comes to lie in itself.
func (t *tree) copied() *tree {
	c := &tree{kind: t.kind, text: t.text, keys: append([]string(nil), t.keys...)}
	for _, v := range t.values {
		c.values = append(c.values, v.copied())
	}
	return c
}
