package acceptor

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// near are texts that the shapes take, and all that are one byte away from such a one.
func near() (list []string) {
	for _, good := range []string{"2026-01-02T03:04:05.678901Z", "2024-12-31T23:59:59.999999Z", "019b7ca9-8f81-7a31-9c5d-3f0a8e1b7c42", "6c05c886-0de3-5458-9003-a90e5451f4ae", ""} {
		list = append(list, good, good+"\n", " "+good)
		for i := range good {
			list = append(list, good[:i]+good[i+1:], good[:i]+good[i:i+1]+good[i:])
			for b := range 256 {
				list = append(list, good[:i]+string([]byte{byte(b)})+good[i+1:])
			}
		}
	}
	for _, year := range []int{0, 4, 100, 400, 1900, 2000, 2023, 2024, 9999} {
		for month := range 14 {
			for day := range 33 {
				list = append(list, fmt.Sprintf("%04d-%02d-%02dT23:59:59.999999Z", year, month, day))
			}
		}
	}
	r := rand.New(rand.NewPCG(1, 1))
	for range 1000 {
		list = append(list, fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", r.Uint32(), r.IntN(1<<16), r.IntN(1<<16), r.IntN(1<<16), r.Uint64()>>16))
	}
	for value := range 100 {
		list = append(list, fmt.Sprintf("2026-01-02T%02d:00:00.000000Z", value), fmt.Sprintf("2026-01-02T00:%02d:00.000000Z", value), fmt.Sprintf("2026-01-02T00:00:%02d.000000Z", value))
	}
	return list
}

// If this failed, a check written by hand would take what the pattern and the format that it stands for do not take,
// or the other way round. (Seen to fail when days gave February 29 days in each fourth year, when isUUID7 took the
// variant c, and when isTime took the 60th second.)
func TestShapesAreTheirPatterns(t *testing.T) {
	for of, by := range shapes {
		pattern, format := regexp.MustCompile(of.pattern), jsonschema.Formats[of.format]
		right := 0
		for _, s := range near() {
			want := pattern.MatchString(s) && format(s)
			if by.check([]byte(s)) != want || want && len(s) != by.size {
				t.Errorf("%q for the pattern %s: %t, want %t", s, of.pattern, !want, want)
			}
			if want {
				right++
			}
		}
		if right < 50 {
			t.Errorf("%s: %d texts were right, too few to show anything", of.pattern, right)
		}
	}
}
