package targets

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// StatusSet is the HTTP status codes that a check takes for good. The zero value holds none. It is comparable.
type StatusSet struct {
	text string
	bits [maxStatus/64 + 1]uint64
}

// The status codes that there can be.
const (
	minStatus = 100
	maxStatus = 999
)

// ParseStatusSet reads codes and ranges separated by commas: "200,301-308".
func ParseStatusSet(text string) (StatusSet, error) {
	s := StatusSet{text: strings.TrimSpace(text)}
	for part := range strings.SplitSeq(text, ",") {
		first, last, isRange := strings.Cut(part, "-")
		from, err := parseStatus(first)
		to := from
		if err == nil && isRange {
			to, err = parseStatus(last)
		}
		if err != nil {
			return StatusSet{}, err
		}
		if to < from {
			return StatusSet{}, fmt.Errorf("the range %d-%d runs backwards; want %d-%d", from, to, to, from)
		}
		for code := from; code <= to; code++ {
			s.bits[code/64] |= 1 << (code % 64)
		}
	}
	return s, nil
}

func parseStatus(text string) (int, error) {
	text = strings.TrimSpace(text)
	n, err := strconv.ParseUint(text, 10, 16)
	if err == nil && n >= minStatus && n <= maxStatus {
		return int(n), nil
	}
	if len(text) == 3 && strings.EqualFold(text[1:], "xx") && '1' <= text[0] && text[0] <= '9' {
		return 0, fmt.Errorf("not a list of status codes; want %c00-%c99 for %s", text[0], text[0], text)
	}
	return 0, errors.New("not a list of status codes; want codes and ranges from 100 to 999 such as 200,301-308")
}

// Contains tells whether a status code is in the set.
func (s StatusSet) Contains(code int) bool {
	return code >= minStatus && code <= maxStatus && s.bits[code/64]&(1<<(code%64)) != 0
}

// Decode reads the value of a variable.
func (s *StatusSet) Decode(text string) (err error) {
	*s, err = ParseStatusSet(text)
	return err
}

// String is the set as it was written.
func (s StatusSet) String() string { return s.text }
