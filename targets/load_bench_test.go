package targets

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/uptimer/uptimer/internal/setting"
)

// BenchmarkLoad is reading a list of a million lines, as at the start.
func BenchmarkLoad(b *testing.B) {
	source := NewSource(Config{File: million(b), Interval: setting.Duration(time.Minute), Timeout: setting.Duration(10 * time.Second)}, nil, nil)
	b.ReportAllocs()
	for b.Loop() {
		list, err := source.Load()
		if err != nil || len(list.Targets) != 1_000_000 {
			b.Fatal(err)
		}
	}
}

// million is a list of so many targets.
func million(b *testing.B) string {
	b.Helper()
	var text strings.Builder
	text.WriteString("url\n")
	for i := range 1_000_000 {
		fmt.Fprintf(&text, "http://10.%d.%d.%d:8080/status\n", i>>16, i>>8&255, i&255)
	}
	path := filepath.Join(b.TempDir(), "million.csv")
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	return path
}
