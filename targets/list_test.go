package targets

import (
	"strings"
	"testing"
)

// loadAs reads a list on standard input.
func loadAs(cfg Config, protocols []string, csv string) (*List, error) {
	cfg.File = Stdin
	return NewSource(cfg, protocols, strings.NewReader(csv)).Load()
}

func load(t *testing.T, csv string) *List {
	t.Helper()
	list, err := loadAs(defaults(), nil, csv)
	if err != nil {
		t.Fatalf("%q:\n%v", csv, err)
	}
	return list
}
