package events

import "unicode/utf8"

// AppendText appends a text in JSON, quoted, the way New writes those of structs: line breaks, quotes and other
// characters that JSON or JavaScript could not bear are escaped, < and & are not, and what is no UTF-8 becomes \ufffd.
func AppendText(to []byte, s string) []byte {
	to = append(to, '"')
	done := 0 // how much of s is written
	for i := 0; i < len(s); {
		b := s[i]
		if b < utf8.RuneSelf {
			if b < ' ' || b == '"' || b == '\\' {
				to = appendEscape(append(to, s[done:i]...), b)
				done = i + 1
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		escape := ""
		switch {
		case r == utf8.RuneError && size == 1:
			escape = `\ufffd`
		case r == '\u2028':
			escape = `\u2028`
		case r == '\u2029':
			escape = `\u2029`
		}
		i += size
		if escape != "" {
			to = append(append(to, s[done:i-size]...), escape...)
			done = i
		}
	}
	return append(append(to, s[done:]...), '"')
}

// appendEscape appends what stands for a quote, a backslash or a control character.
func appendEscape(to []byte, b byte) []byte {
	const digits = "0123456789abcdef"
	switch b {
	case '"', '\\':
		return append(to, '\\', b)
	case '\b':
		return append(to, `\b`...)
	case '\f':
		return append(to, `\f`...)
	case '\n':
		return append(to, `\n`...)
	case '\r':
		return append(to, `\r`...)
	case '\t':
		return append(to, `\t`...)
	}
	return append(to, '\\', 'u', '0', '0', digits[b>>4], digits[b&15])
}
