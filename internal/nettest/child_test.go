package nettest

import (
	"testing"

	"github.com/uptimer/uptimer/internal/unhurried"
)

func TestMain(m *testing.M) { unhurried.Main(m) }

// recorder is a test that is told of a failure or of a skip, and goes on.
type recorder struct {
	testing.TB
	failed, skipped bool
}

func (r *recorder) Helper()               {}
func (r *recorder) Errorf(string, ...any) { r.failed = true }
func (r *recorder) Skip(...any)           { r.skipped = true }

// A test that failed in its child, or that was never run there, would pass.
func TestJudge(t *testing.T) {
	for _, c := range []struct {
		test, what      string
		failed, skipped bool
	}{
		{"TestOfChild", "pass", false, false},
		{"TestOfChild", "fail", true, false},
		{"TestOfChild", "exit", true, false},
		{"TestOfChild", "skip", false, true},
		{"TestThatIsNowhere", "pass", true, false},
	} {
		out, err := Child(c.test, c.what).CombinedOutput()
		var r recorder
		if Judge(&r, c.test, out, err); r.failed != c.failed || r.skipped != c.skipped {
			t.Errorf("%s, %s: failed %v, skipped %v", c.test, c.what, r.failed, r.skipped)
		}
	}
}

// TestOfChild is the child of TestJudge.
func TestOfChild(t *testing.T) {
	switch Task() {
	case "fail":
		t.Error("as told")
	case "skip":
		t.Skip("as told")
	case "exit":
		panic("as told")
	}
}
