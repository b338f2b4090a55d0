package targets

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/uptimer/uptimer/internal/setting"
)

// A user would look for a mistake in the wrong place, or mend one an hour. Each file of testdata/bad has beside it
// the exact lines that are said of it. Seen to fail when hideUser hides nothing.
func TestBadLists(t *testing.T) {
	t.Chdir("testdata/bad")
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	cases := 0
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".want") {
			continue
		}
		cases++
		want, err := os.ReadFile(e.Name() + ".want")
		if err != nil {
			t.Error(err)
			continue
		}
		cfg := defaults()
		cfg.File = e.Name()
		_, err = NewSource(cfg, nil, nil).Load()
		checkMistakes(t, e.Name(), err, strings.TrimSuffix(string(want), "\n"))
	}
	if cases < 40 {
		t.Errorf("only %d cases", cases)
	}
}

func checkMistakes(t *testing.T, name string, err error, want string) {
	t.Helper()
	var ms setting.Mistakes
	if !errors.As(err, &ms) {
		t.Errorf("%s: %v is no setting.Mistakes; want\n%s", name, err, want)
		return
	}
	if got := ms.Error(); got != want {
		t.Errorf("%s:\n%s\nwant\n%s", name, got, want)
	}
	if strings.Contains(ms.Error(), "secret") {
		t.Errorf("%s: a secret is shown:\n%v", name, ms)
	}
}
