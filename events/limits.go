package events

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// What is read from outside may not be larger than this, whatever its schema says.
const (
	MaxBytes = 1 << 20 // of JSON
	maxDepth = 32      // objects and arrays inside each other, the outermost counted
	maxDigit = 32      // characters of a number
)

// checkText holds data to the limits that can be told before it is read as JSON.
func checkText(data []byte) error {
	switch {
	case len(data) == 0:
		return errors.New("empty, want a JSON object")
	case len(data) > MaxBytes:
		return fmt.Errorf("%d bytes long, want at most %d (1 MiB)", len(data), MaxBytes)
	case !utf8.Valid(data):
		return fmt.Errorf("not UTF-8 at byte %d", validPrefix(data)+1)
	case !json.Valid(data):
		return syntaxError(data)
	}
	return nil
}

// validPrefix is how many bytes are UTF-8.
func validPrefix(data []byte) int {
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return len(data)
}

// syntaxError says what is wrong with data that is not JSON.
func syntaxError(data []byte) error {
	if depth(data) > maxDepth {
		return errTooDeep
	}
	var syntax *json.SyntaxError
	err := json.Unmarshal(data, new(json.RawMessage))
	if errors.As(err, &syntax) {
		return fmt.Errorf("not JSON at byte %d: %w", syntax.Offset, err)
	}
	return fmt.Errorf("not JSON: %w", err)
}

var errTooDeep = fmt.Errorf("nested too deep, want at most %d levels", maxDepth)

// depth is how deep the brackets outside of strings are nested.
func depth(data []byte) (deepest int) {
	level, quoted := 0, false
	for i := 0; i < len(data); i++ {
		switch b := data[i]; {
		case quoted && b == '\\':
			i++
		case b == '"':
			quoted = !quoted
		case quoted:
		case b == '{' || b == '[':
			level++
			deepest = max(deepest, level)
		case b == '}' || b == ']':
			level--
		}
	}
	return deepest
}

// checkNumber refuses a JSON number that a float64 cannot hold. Zeros with a vast exponent are refused too: other
// programs do not agree on them.
func checkNumber(text string) error {
	if len(text) > maxDigit {
		return fmt.Errorf("the number %s has %d characters, want at most %d", shown(json.Number(text)), len(text), maxDigit)
	}
	f, err := strconv.ParseFloat(text, 64)
	mantissa, exponent, _ := strings.Cut(strings.ToLower(text), "e")
	underflow := f == 0 && strings.ContainsAny(mantissa, "123456789")
	if err != nil || underflow || vast(exponent) {
		return fmt.Errorf("the number %s does not fit a float64", text)
	}
	return nil
}

// vast tells whether an exponent is beyond what any number of maxDigit characters that fits a float64 needs.
func vast(exponent string) bool {
	if exponent == "" {
		return false
	}
	n, err := strconv.Atoi(exponent)
	return err != nil || n > 400 || n < -400
}

// oneLine is a copy of data without the line breaks between its tokens.
func oneLine(data []byte) ([]byte, error) {
	if bytes.IndexByte(data, '\n') < 0 && bytes.IndexByte(data, '\r') < 0 {
		return bytes.Clone(data), nil
	}
	var line bytes.Buffer
	if err := json.Compact(&line, data); err != nil {
		return nil, syntaxError(data)
	}
	return bytes.Clone(line.Bytes()), nil
}
