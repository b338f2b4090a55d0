package events

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// decode reads data, which must be valid JSON, as the schemas' validator wants it, numbers as they are written. It
// refuses what is beyond the limits, and what encoding/json lets pass in silence: a key that is there twice, and
// half of a surrogate pair, which is no character.
func decode(data []byte) (map[string]any, error) {
	d := decoder{data: data}
	v, err := d.value(0)
	if err != nil {
		return nil, err
	}
	doc, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%s, want a JSON object", shown(v))
	}
	return doc, nil
}

type decoder struct {
	data []byte
	pos  int
}

// next skips white space and returns the byte that follows, without taking it.
func (d *decoder) next() byte {
	for {
		switch b := d.data[d.pos]; b {
		case ' ', '\t', '\r', '\n':
			d.pos++
		default:
			return b
		}
	}
}

// value reads the next value. level is how many objects and arrays it is in.
func (d *decoder) value(level int) (any, error) {
	switch b := d.next(); b {
	case '{', '[':
		if level >= maxDepth {
			return nil, errTooDeep
		}
		d.pos++
		if b == '{' {
			return d.object(level + 1)
		}
		return d.array(level + 1)
	case '"':
		return d.text()
	case 't':
		d.pos += len("true")
		return true, nil
	case 'f':
		d.pos += len("false")
		return false, nil
	case 'n':
		d.pos += len("null")
		return nil, nil
	}
	return d.number()
}

func (d *decoder) object(level int) (any, error) {
	object := make(map[string]any)
	for d.next() != '}' {
		if d.data[d.pos] == ',' {
			d.pos++
			d.next()
		}
		key, err := d.text()
		if err != nil {
			return nil, err
		}
		if _, twice := object[key]; twice {
			return nil, fmt.Errorf("the key %s is there twice", shown(key))
		}
		d.next()
		d.pos++ // the colon
		if object[key], err = d.value(level); err != nil {
			return nil, err
		}
	}
	d.pos++
	return object, nil
}

func (d *decoder) array(level int) (any, error) {
	array := []any{}
	for d.next() != ']' {
		if d.data[d.pos] == ',' {
			d.pos++
		}
		v, err := d.value(level)
		if err != nil {
			return nil, err
		}
		array = append(array, v)
	}
	d.pos++
	return array, nil
}

func (d *decoder) number() (any, error) {
	start := d.pos
	for d.pos < len(d.data) && isNumeric(d.data[d.pos]) {
		d.pos++
	}
	text := string(d.data[start:d.pos])
	return json.Number(text), checkNumber(text)
}

func isNumeric(b byte) bool {
	return b >= '0' && b <= '9' || b == '-' || b == '+' || b == '.' || b == 'e' || b == 'E'
}

// text reads the string that begins here.
func (d *decoder) text() (string, error) {
	d.pos++
	start := d.pos
	for {
		switch d.data[d.pos] {
		case '"':
			text := string(d.data[start:d.pos])
			d.pos++
			return text, nil
		case '\\':
			return d.escaped(d.data[start:d.pos:d.pos])
		}
		d.pos++
	}
}

// escaped reads the rest of a string that has escapes.
func (d *decoder) escaped(text []byte) (string, error) {
	for {
		b := d.data[d.pos]
		d.pos++
		switch b {
		case '"':
			return string(text), nil
		case '\\':
			r, err := d.escape()
			if err != nil {
				return "", err
			}
			text = utf8.AppendRune(text, r)
		default:
			text = append(text, b)
		}
	}
}

var errHalfPair = errors.New(`not UTF-8: an escape such as \ud800 is half of a pair and no character`)

// escape reads what follows a backslash.
func (d *decoder) escape() (rune, error) {
	b := d.data[d.pos]
	d.pos++
	switch b {
	case 'b':
		return '\b', nil
	case 'f':
		return '\f', nil
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case 'u':
		r := d.hex()
		if !utf16.IsSurrogate(r) {
			return r, nil
		}
		if d.data[d.pos] != '\\' || d.data[d.pos+1] != 'u' {
			return 0, errHalfPair
		}
		d.pos += 2
		if r = utf16.DecodeRune(r, d.hex()); r == utf8.RuneError {
			return 0, errHalfPair
		}
		return r, nil
	}
	return rune(b), nil
}

// hex reads four hexadecimal digits.
func (d *decoder) hex() rune {
	n, _ := strconv.ParseUint(string(d.data[d.pos:d.pos+4]), 16, 16)
	d.pos += 4
	return rune(n)
}
