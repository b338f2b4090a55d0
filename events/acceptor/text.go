package acceptor

import (
	"bytes"
	"encoding/binary"
	"slices"
	"unicode/utf8"
)

// look tells of data whether it is clean, without backslashes and control characters, and whether it is UTF-8.
func look(data []byte) (isClean, isUTF8 bool) {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	var below, all uint64 // a byte's highest bit is set if one there is below a space, or has it itself
	rest := data
	for ; len(rest) >= 8; rest = rest[8:] {
		eight := binary.LittleEndian.Uint64(rest)
		below |= (eight - ones*' ') &^ eight
		all |= eight
	}
	for _, b := range rest {
		below |= uint64(b-' ') &^ uint64(b)
		all |= uint64(b)
	}
	return below&high == 0 && bytes.IndexByte(data, '\\') < 0, all&high == 0 || utf8.Valid(data)
}

// text reads a text. What is asked of its characters is not known of one with escapes, unless it is their number.
func (p *pass) text(n *node) bool {
	start := p.pos + 1
	if p.clean {
		for _, choice := range n.written {
			if p.word(choice) {
				return true
			}
		}
		if end := start + n.size; n.size > 0 && end < len(p.data) && p.data[end] == '"' && n.plain(p.data[start:end]) {
			p.pos = end + 1
			return true
		}
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
