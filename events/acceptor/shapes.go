package acceptor

import (
	"errors"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// shape is what a schema asks of the characters of a text.
type shape struct{ pattern, format string }

// shapes are those that have a check written by hand; each says what pattern and format say together.
var shapes = map[shape]func([]byte) bool{
	{`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`, "uuid"}:                                               isUUID,
	{`^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, "uuid"}:                                        isUUID7,
	{`^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{6}Z$`, "date-time"}: isTime,
}

// textChecks are the checks for what a schema asks of the characters of a text.
func textChecks(s *jsonschema.Schema) (checks []func([]byte) bool, err error) {
	var of shape
	if s.Pattern != nil {
		of.pattern = s.Pattern.String()
	}
	if asserted(s) {
		of.format = s.Format
	}
	if check := shapes[of]; check != nil {
		return append(checks, check), nil
	}
	if s.Pattern != nil {
		checks = append(checks, s.Pattern.Match)
	}
	if of.format != "" {
		is := jsonschema.Formats[of.format]
		if is == nil || !is(nil) || !is(true) { // it would judge other values than texts too
			return nil, errors.New("a format that is not known")
		}
		checks = append(checks, func(b []byte) bool { return is(string(b)) })
	}
	return checks, nil
}

// hexadecimal are the lower-case digits.
var hexadecimal = func() (table [256]bool) {
	for _, b := range []byte("0123456789abcdef") {
		table[b] = true
	}
	return table
}()

func isUUID(s []byte) bool {
	if len(s) != len("019b7ca9-8f81-7a31-9c5d-3f0a8e1b7c42") {
		return false
	}
	for i, b := range s {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if b != '-' {
				return false
			}
		} else if !hexadecimal[b] {
			return false
		}
	}
	return true
}

func isUUID7(s []byte) bool {
	return isUUID(s) && s[14] == '7' && (s[19] == '8' || s[19] == '9' || s[19] == 'a' || s[19] == 'b')
}

// isTime takes times such as 2026-01-02T03:04:05.678901Z, of days that exist.
func isTime(s []byte) bool {
	const form = "0000-00-00T00:00:00.000000Z"
	if len(s) != len(form) {
		return false
	}
	for i := range len(form) {
		if form[i] == '0' && s[i]-'0' > 9 || form[i] != '0' && s[i] != form[i] {
			return false
		}
	}
	two := func(at int) int { return int(s[at]-'0')*10 + int(s[at+1]-'0') }
	month, day := two(5), two(8)
	return month >= 1 && month <= 12 && day >= 1 && day <= days(two(0)*100+two(2), month) &&
		two(11) <= 23 && two(14) <= 59 && two(17) <= 59
}

// days is how many the month has.
func days(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}
