package servertest

import (
	"flag"
	"strconv"
)

// SideBySide lets n tests that call t.Parallel run at once, unless -parallel says how many. Go's default is the number
// of processors, which is right for tests that compute; these wait for servers and processes most of the time. It is for
// TestMain, before the tests run. Fuzzing is left as it is.
func SideBySide(n int) {
	flag.Parse()
	left := false
	flag.Visit(func(f *flag.Flag) { left = left || f.Name == "test.parallel" || f.Name == "test.fuzz" })
	if !left {
		_ = flag.Set("test.parallel", strconv.Itoa(n)) // every test binary has it, and a number is right for it
	}
}
