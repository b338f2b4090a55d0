package targets

import (
	"errors"
	"fmt"
	"strconv"
)

// Unescape reads what a target's send field stands for: \r, \n, \t, \0, \\, \", \' and \xHH for any byte; all
// else is itself. The error does not repeat the text, which may hold a password.
func Unescape(send string) ([]byte, error) {
	out := make([]byte, 0, len(send))
	for i := 0; i < len(send); i++ {
		if send[i] != '\\' {
			out = append(out, send[i])
			continue
		}
		i++
		if i == len(send) {
			return nil, errors.New(`ends in a lone \; want \\ for a backslash`)
		}
		switch c := send[i]; c {
		case 'r':
			out = append(out, '\r')
		case 'n':
			out = append(out, '\n')
		case 't':
			out = append(out, '\t')
		case '0':
			out = append(out, 0)
		case '\\', '"', '\'':
			out = append(out, c)
		case 'x':
			b, err := strconv.ParseUint(send[i+1:min(i+3, len(send))], 16, 8)
			if err != nil || i+3 > len(send) {
				return nil, errors.New(`\x is not followed by two hexadecimal digits; want \x1b, or \\x for the text itself`)
			}
			out = append(out, byte(b))
			i += 2
		default:
			return nil, fmt.Errorf(`unknown escape at byte %d; want \r, \n, \t, \0, \xHH, or \\ for a backslash`, i)
		}
	}
	return out, nil
}
