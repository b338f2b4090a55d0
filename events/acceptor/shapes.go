package acceptor

import (
	"errors"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// shape is what a schema asks of the characters of a text.
type shape struct{ pattern, format string }

// handmade is a check written by hand, which says what pattern and format say together. All texts that it takes have one
// size, in bytes, and no quotes.
type handmade struct {
	check func([]byte) bool
	size  int
}

// shapes are those that have one.
var shapes = map[shape]handmade{
	{`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`, "uuid"}:                                               {isUUID, uuidSize},
	{`^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, "uuid"}:                                        {isUUID7, uuidSize},
	{`^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{6}Z$`, "date-time"}: {isTime, len(timeForm)},
}

// textChecks are the checks for what a schema asks of the characters of a text, and its size in bytes if they take only
// one; otherwise 0.
func textChecks(s *jsonschema.Schema) (checks []func([]byte) bool, size int, err error) {
	var of shape
	if s.Pattern != nil {
		of.pattern = s.Pattern.String()
	}
	if asserted(s) {
		of.format = s.Format
	}
	if by, ok := shapes[of]; ok {
		return append(checks, by.check), by.size, nil
	}
	if s.Pattern != nil {
		checks = append(checks, s.Pattern.Match)
	}
	if of.format != "" {
		is := jsonschema.Formats[of.format]
		if is == nil || !is(nil) || !is(true) { // it would judge other values than texts too
			return nil, 0, errors.New("a format that is not known")
		}
		checks = append(checks, func(b []byte) bool { return is(string(b)) })
	}
	return checks, 0, nil
}

// noHexadecimal is 1 for all but the lower-case digits.
var noHexadecimal = func() (table [256]uint8) {
	for b := range table {
		if !strings.ContainsRune("0123456789abcdef", rune(b)) {
			table[b] = 1
		}
	}
	return table
}()

const uuidSize = len("019b7ca9-8f81-7a31-9c5d-3f0a8e1b7c42")

// The loops of isUUID and isTime look at all of a text that is almost always right, rather than decide at each byte.

func isUUID(s []byte) bool {
	if len(s) != uuidSize || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return false
	}
	var wrong uint8
	for _, b := range s {
		wrong += noHexadecimal[b]
	}
	return wrong == 4 // the dashes
}

func isUUID7(s []byte) bool {
	return isUUID(s) && s[14] == '7' && (s[19] == '8' || s[19] == '9' || s[19] == 'a' || s[19] == 'b')
}

const timeForm = "0000-00-00T00:00:00.000000Z"

// timeRoom is how much more each byte of a time may be than that of the form.
var timeRoom = func() (room [len(timeForm)]uint8) {
	for i, b := range []byte(timeForm) {
		if b == '0' {
			room[i] = 9
		}
	}
	return room
}()

// isTime takes times such as 2026-01-02T03:04:05.678901Z, of days that exist.
func isTime(s []byte) bool {
	if len(s) != len(timeForm) {
		return false
	}
	var left int // is negative if at some place there is less than nothing left
	for i, b := range (*[len(timeForm)]byte)(s) {
		left |= int(timeRoom[i]) - int(b-timeForm[i])
	}
	if left < 0 {
		return false
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
