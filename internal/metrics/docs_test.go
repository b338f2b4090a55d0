package metrics

import (
	"os"
	"regexp"
	"slices"
	"testing"
)

// Whoever builds a dashboard or an alert takes the names from the docs.
func TestTheDocsListEveryMetric(t *testing.T) {
	page, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, m := range regexp.MustCompile("(?m)^\\| `(uptimer_[a-z_]+)").FindAllStringSubmatch(string(page), -1) {
		told = append(told, m[1])
	}
	families, err := used().registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		name := f.GetName()
		i := slices.Index(told, name)
		switch {
		case i >= 0:
			told = slices.Delete(told, i, i+1)
		case regexp.MustCompile("^uptimer_").MatchString(name):
			t.Errorf("docs/metrics.md does not tell of %s", name)
		}
	}
	if len(told) > 0 {
		t.Errorf("docs/metrics.md tells of %v, which nobody counts", told)
	}
}
