package acceptor

import (
	"bytes"
	"encoding/binary"
	"slices"
	"unicode/utf8"
)

// clean tells whether data has no backslash and no control character.
func clean(data []byte) bool {
	if bytes.IndexByte(data, '\\') >= 0 {
		return false
	}
	const ones, high = 0x0101010101010101, 0x8080808080808080
	for ; len(data) >= 8; data = data[8:] {
		if eight := binary.LittleEndian.Uint64(data); (eight-ones*' ')&^eight&high != 0 { // one of them is below a space
			return false
		}
	}
	for _, b := range data {
		if b < ' ' {
			return false
		}
	}
	return true
}

// text reads a text. What is asked of its characters is not known of one with escapes, unless it is their number.
func (p *pass) text(n *node) bool {
	start := p.pos + 1
	if p.clean {
		size := bytes.IndexByte(p.data[start:], '"')
		if size < 0 {
			return false
		}
		p.pos = start + size + 1
		return n.plain(p.data[start : start+size])
	}
	for i := start; i < len(p.data); i++ {
		switch b := p.data[i]; {
		case b == '"':
			p.pos = i + 1
			return n.plain(p.data[start:i])
		case b == '\\':
			return n.choices == nil && len(n.checks) == 0 && p.escaped(n, start, i)
		case b < ' ':
			return false
		}
	}
	return false
}

// plain tells whether the value may be this text.
func (n *node) plain(s []byte) bool {
	if n.choices != nil {
		return slices.ContainsFunc(n.choices, func(choice string) bool { return choice == string(s) })
	}
	if !n.fits(s, len(s)) {
		return false
	}
	for _, check := range n.checks {
		if !check(s) {
			return false
		}
	}
	return true
}

// fits tells whether a text of so many bytes is as long as it should be. A character has at most four bytes, so that
// most need not be counted.
func (n *node) fits(s []byte, size int) bool {
	if size >= 4*n.shortest && size <= n.longest {
		return true
	}
	count := utf8.RuneCount(s)
	return count >= n.shortest && count <= n.longest
}

// escaped reads a text from its first escape on.
func (p *pass) escaped(n *node, start, first int) bool {
	count := utf8.RuneCount(p.data[start:first]) // characters
	p.pos = first
	for p.pos < len(p.data) {
		switch b := p.data[p.pos]; {
		case b == '"':
			p.pos++
			return count >= n.shortest && count <= n.longest
		case b == '\\':
			p.pos++
			if !p.escape() {
				return false
			}
			count++
		case b < ' ':
			return false
		default:
			p.pos++
			if utf8.RuneStart(b) {
				count++
			}
		}
	}
	return false
}

// escape reads what follows a backslash.
func (p *pass) escape() bool {
	if p.pos >= len(p.data) {
		return false
	}
	b := p.data[p.pos]
	p.pos++
	switch b {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return true
	case 'u':
		switch unit := p.hex(); {
		case unit < 0 || unit >= 0xdc00 && unit < 0xe000:
			return false
		case unit >= 0xd800 && unit < 0xdc00: // the other half must follow
			if !p.word(`\u`) {
				return false
			}
			unit = p.hex()
			return unit >= 0xdc00 && unit < 0xe000
		}
		return true
	}
	return false
}

// hex reads four hexadecimal digits, -1 if there are others.
func (p *pass) hex() int {
	if len(p.data)-p.pos < 4 {
		return -1
	}
	unit := 0
	for _, b := range p.data[p.pos : p.pos+4] {
		switch {
		case b >= '0' && b <= '9':
			unit = unit<<4 | int(b-'0')
		case b >= 'a' && b <= 'f':
			unit = unit<<4 | int(b-'a'+10)
		case b >= 'A' && b <= 'F':
			unit = unit<<4 | int(b-'A'+10)
		default:
			return -1
		}
	}
	p.pos += 4
	return unit
}
