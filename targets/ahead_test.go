package targets

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/uptimer/uptimer/internal/setting"
)

// If this failed, a list with very many mistakes would be reported with others than its first.
//
// Seen to fail when blame does not flush.
func TestFirstMistakesOfALongListAreTold(t *testing.T) {
	var text strings.Builder
	var want []string
	text.WriteString("url,interval\n")
	for line := 2; line <= 3000; line++ {
		if line%2 == 0 { // found with the URL
			fmt.Fprintf(&text, "ftp://host-%d.example,30\n", line)
		} else { // found before it
			fmt.Fprintf(&text, "http://host-%d.example,30,more,more\n", line)
		}
		want = append(want, fmt.Sprintf("standard input:%d", line))
	}
	_, err := loadAs(defaults(), nil, text.String())
	var ms setting.Mistakes
	if !errors.As(err, &ms) || len(ms) <= setting.MostMistakes {
		t.Fatal(len(ms))
	}
	for i, m := range ms[:setting.MostMistakes] {
		if place, _, _ := strings.Cut(m.Where, ": "); place != want[i] {
			t.Fatalf("mistake %d is at %s, want %s", i, m.Where, want[i])
		}
	}
}

// If this failed, targets would be checked in another order than that of their list, or some not at all.
func TestALongListKeepsItsOrder(t *testing.T) {
	for _, lines := range []int{1, batchRows - 1, batchRows, batchRows + 1, 10*batchRows + 7} {
		var text strings.Builder
		var want []string
		for i := range lines {
			want = append(want, fmt.Sprintf("http://host-%d.example/", i))
			text.WriteString(want[i] + "\n")
		}
		if got := shown(load(t, text.String()+text.String())); !slices.Equal(got, want) {
			t.Errorf("%d lines: got %d targets, or in another order", lines, len(got))
		}
	}
}
