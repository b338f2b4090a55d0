package acceptor

import "bytes"

// pass is one way over a document. It stands in front of what pos says; every method that reads a value leaves pos
// behind it. False always means: don't know.
type pass struct {
	data   []byte
	pos    int
	clean  bool // data has no backslash and no control character, so that a text ends at the next quote
	limits Limits

	found     [maxWanted]span    // the texts that are reported, empty at 0 where there is none
	strangers [maxStrangers]span // the keys that are in no table, of all objects that are open
	known     int                // how many there are
}

// maxStrangers bounds the keys that are compared with each other.
const maxStrangers = 32

type span struct{ from, to int }

// space skips white space.
func (p *pass) space() {
	for p.pos < len(p.data) {
		switch p.data[p.pos] {
		case ' ', '\t', '\r', '\n':
			p.pos++
		default:
			return
		}
	}
}

// take skips one byte, if it is this one.
func (p *pass) take(b byte) bool {
	if p.pos < len(p.data) && p.data[p.pos] == b {
		p.pos++
		return true
	}
	return false
}

// word skips a word, if it is there.
func (p *pass) word(s string) bool {
	if len(p.data)-p.pos < len(s) || string(p.data[p.pos:p.pos+len(s)]) != s {
		return false
	}
	p.pos += len(s)
	return true
}

// value reads a value; level is how many objects and arrays it is in.
func (p *pass) value(n *node, level int) bool {
	if p.pos >= len(p.data) {
		return false
	}
	switch p.data[p.pos] {
	case '"':
		return n.kinds&text != 0 && p.text(n)
	case '{':
		return n.kinds&object != 0 && level < p.limits.Depth && p.object(n, level+1)
	case '[':
		return n.kinds&array != 0 && level < p.limits.Depth && p.array(n, level+1)
	case 't':
		return n.kinds&boolean != 0 && p.word("true")
	case 'f':
		return n.kinds&boolean != 0 && p.word("false")
	case 'n':
		return n.kinds&null != 0 && p.word("null")
	}
	return p.number(n)
}

func (p *pass) array(n *node, level int) bool {
	p.pos++
	p.space()
	if p.take(']') {
		return n.fewest == 0
	}
	for count := 1; ; count++ {
		if !p.value(n.items, level) {
			return false
		}
		if !p.comma() {
			return p.take(']') && count >= n.fewest && count <= n.mostItems
		}
	}
}

// comma skips what is between two members or elements, and tells whether there is one. If not, white space is skipped.
func (p *pass) comma() bool {
	if next := p.pos + 1; next < len(p.data) && p.data[p.pos] == ',' && p.data[next] > ' ' { // as almost always
		p.pos = next
		return true
	}
	p.space()
	if !p.take(',') {
		return false
	}
	p.space()
	return true
}

func (p *pass) object(n *node, level int) bool {
	p.pos++
	outside := p.known
	var seen uint64
	p.space()
	field := -1
	for more := !p.take('}'); more; {
		i, key, ok := p.member(n, field)
		if !ok {
			return false
		}
		value := n.others
		found := -1
		if i >= 0 {
			field = i
			if seen&(1<<i) != 0 {
				return false
			}
			seen |= 1 << i
			value, found = n.fields[i].value, n.fields[i].found
		} else if value == nil || !p.stranger(key, outside) {
			return false
		}
		start := p.pos
		if !p.value(value, level) || found >= 0 && !p.report(found, start) {
			return false
		}
		if more = p.comma(); !more && !p.take('}') {
			return false
		}
	}
	p.known = outside
	return seen&n.required == n.required
}

// member reads a key and what is between it and its value. It returns the position of the field in the table; if that is
// -1, key says which it is.
func (p *pass) member(n *node, before int) (i int, key span, ok bool) {
	if len(n.fields) > 0 {
		if i := n.order.after(before); i >= 0 && p.word(n.fields[i].opening) {
			p.space()
			return i, key, true
		}
	}
	key = p.key()
	if key.from < 0 || !p.colon() {
		return 0, key, false
	}
	if i = n.find(p.data[key.from:key.to]); i >= 0 {
		n.order.learn(before, i)
	}
	return i, key, true
}

// colon skips what is between a key and its value.
func (p *pass) colon() bool {
	if next := p.pos + 1; next < len(p.data) && p.data[p.pos] == ':' && p.data[next] > ' ' { // as almost always
		p.pos = next
		return true
	}
	p.space()
	if !p.take(':') {
		return false
	}
	p.space()
	return true
}

// key reads a key; one with escapes is not known.
func (p *pass) key() span {
	if !p.take('"') {
		return span{from: -1}
	}
	start := p.pos
	if p.clean {
		size := bytes.IndexByte(p.data[start:], '"')
		if size < 0 {
			return span{from: -1}
		}
		p.pos = start + size + 1
		return span{start, start + size}
	}
	for i, b := range p.data[start:] {
		switch {
		case b == '"':
			p.pos = start + i + 1
			return span{start, start + i}
		case b == '\\' || b < ' ':
			return span{from: -1}
		}
	}
	return span{from: -1}
}

// stranger notes a key that is in no table, if it is new in its object, whose first note is at outside.
func (p *pass) stranger(key span, outside int) bool {
	if p.known == maxStrangers {
		return false
	}
	for _, other := range p.strangers[outside:p.known] {
		if bytes.Equal(p.data[key.from:key.to], p.data[other.from:other.to]) {
			return false
		}
	}
	p.strangers[p.known] = key
	p.known++
	return true
}

// report hands out the value that was just read, if it is a text. One with escapes is not known: who wants it wants
// it as a part of the document.
func (p *pass) report(found, start int) bool {
	if p.data[start] != '"' {
		return true
	}
	p.found[found] = span{start + 1, p.pos - 1}
	return p.clean || bytes.IndexByte(p.data[start+1:p.pos-1], '\\') < 0
}
