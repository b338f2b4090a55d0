package compose

import (
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// program is uptimer, built by the very command of the Dockerfile, once.
func program(t *testing.T) string {
	t.Helper()
	buildOnce.Do(func() {
		built = filepath.Join(scratch, "uptimer")
		args := buildCommand(t, "1.2.3-test", "0123abc")
		args[2] = strings.Replace(args[2], "-o /out/uptimer", "-o "+built, 1)
		run(t, repository, nil, args[0], args[1:]...)
	})
	return built
}

var (
	buildOnce sync.Once
	built     string
)

var variableRow = regexp.MustCompile("(?m)^\\| `([A-Z_]+)` \\| (?:`(.*?)`|–) \\|")

// variables are the names of all variables that the program knows, with their defaults.
func variables(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, m := range variableRow.FindAllStringSubmatch(run(t, ".", nil, program(t), "config", "--markdown"), -1) {
		all[m[1]] = m[2]
	}
	if all["SHUTDOWN_GRACE"] == "" {
		t.Fatal("the program's variables cannot be read from `uptimer config --markdown`")
	}
	return all
}

// If this failed, nobody could tell which version an image holds.
func TestTheImagesProgramKnowsItsVersion(t *testing.T) {
	got := run(t, ".", nil, program(t), "version")
	if !strings.HasPrefix(got, "uptimer 1.2.3-test\ncommit 0123abc\n") {
		t.Errorf("uptimer version says\n%s", got)
	}
}
