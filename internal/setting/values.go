package setting

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Duration is a time span as users write it: seconds ("30", "2.5") or a Go duration ("1m30s").
type Duration time.Duration

// ParseDuration reads seconds or a Go duration, to the nanosecond; it may be negative.
func ParseDuration(text string) (time.Duration, error) {
	text = strings.TrimSpace(text)
	if d, err := time.ParseDuration(text); err == nil {
		return d, nil
	}
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(seconds) || strings.ContainsAny(text, "xXpP_") {
		return 0, errors.New(`not a time span; want seconds such as 30 or 2.5, or a duration such as 1m30s`)
	}
	if math.Abs(seconds) > float64(math.MaxInt64)/1e9 {
		return 0, errors.New("too long; want at most 292 years")
	}
	return time.Duration(math.Round(seconds * 1e9)), nil
}

// Decode reads the value of a variable.
func (d *Duration) Decode(text string) error {
	v, err := ParseDuration(text)
	*d = Duration(v)
	return err
}

func (d Duration) String() string { return time.Duration(d).String() }

// YesNo is a switch in any of the usual spellings.
type YesNo bool

// ParseYesNo reads yes, no, true, false, on, off, y, n, t, f, 1 or 0 in any case.
func ParseYesNo(text string) (bool, error) {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "yes", "y", "true", "t", "on", "1":
		return true, nil
	case "no", "n", "false", "f", "off", "0":
		return false, nil
	}
	return false, errors.New("neither yes nor no; want yes or no (true, false, on, off, 1, 0)")
}

// Decode reads the value of a variable.
func (b *YesNo) Decode(text string) error {
	v, err := ParseYesNo(text)
	*b = YesNo(v)
	return err
}

func (b YesNo) String() string { return strconv.FormatBool(bool(b)) }

// Bytes is an amount of memory: a number with or without a unit ("256MiB", "1GB", "65536").
type Bytes int64

var byteUnits = []struct {
	suffix string
	factor int64
}{
	{"kib", 1 << 10}, {"mib", 1 << 20}, {"gib", 1 << 30}, {"tib", 1 << 40},
	{"kb", 1e3}, {"mb", 1e6}, {"gb", 1e9}, {"tb", 1e12},
	{"k", 1 << 10}, {"m", 1 << 20}, {"g", 1 << 30}, {"t", 1 << 40}, {"b", 1},
}

// ParseBytes reads an amount of memory; it is at least one byte.
func ParseBytes(text string) (Bytes, error) {
	number, factor := strings.ToLower(strings.TrimSpace(text)), int64(1)
	for _, u := range byteUnits {
		if rest, ok := strings.CutSuffix(number, u.suffix); ok {
			number, factor = strings.TrimSpace(rest), u.factor
			break
		}
	}
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || !(n*float64(factor) >= 1 && n*float64(factor) < math.MaxInt64) || strings.ContainsAny(number, "xXpP_") {
		return 0, errors.New("not an amount of memory; want a number above zero with a unit such as 256MiB or 1GB")
	}
	return Bytes(n * float64(factor)), nil
}

// Decode reads the value of a variable.
func (b *Bytes) Decode(text string) (err error) {
	*b, err = ParseBytes(text)
	return err
}

// String uses the largest binary unit that divides the amount.
func (b Bytes) String() string {
	for _, u := range []struct {
		name   string
		factor Bytes
	}{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}} {
		if b >= u.factor && b%u.factor == 0 {
			return fmt.Sprintf("%d%s", b/u.factor, u.name)
		}
	}
	return fmt.Sprintf("%dB", int64(b))
}

// Count is a whole number that is not negative.
type Count int

// ParseCount reads a whole number from 0 to 2³¹-1.
func ParseCount(text string) (int, error) {
	n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 31)
	if err != nil {
		return 0, errors.New("not a count; want a whole number such as 3")
	}
	return int(n), nil
}

// Decode reads the value of a variable.
func (c *Count) Decode(text string) error {
	n, err := ParseCount(text)
	*c = Count(n)
	return err
}

func (c Count) String() string { return strconv.Itoa(int(c)) }

// Words is a comma list; white space around the words is dropped, and so are empty words.
type Words []string

// Decode reads the value of a variable.
func (w *Words) Decode(text string) error {
	*w = nil
	for word := range strings.SplitSeq(text, ",") {
		if word = strings.TrimSpace(word); word != "" {
			*w = append(*w, word)
		}
	}
	if len(*w) == 0 {
		return errors.New("an empty list; want words separated by commas")
	}
	return nil
}

func (w Words) String() string { return strings.Join(w, ",") }

// Secret is a text that is never shown. Convert it to string where it is used.
type Secret string

// Hidden stands for a secret wherever values are shown.
const Hidden = "(hidden)"

// String hides the secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return Hidden
}

// GoString hides the secret from %#v.
func (s Secret) GoString() string { return s.String() }

// OneOf checks a word against those that are allowed, and names them otherwise.
func OneOf(word string, allowed ...string) error {
	for _, a := range allowed {
		if word == a {
			return nil
		}
	}
	return fmt.Errorf("unknown; want one of %s", strings.Join(allowed, ", "))
}
