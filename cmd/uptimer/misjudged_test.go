package main

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
)

// If this failed, a defect of the fast path would be met in silence, or fill the log with each event.
func TestMisjudgedEventsAreSaidLoudlyOnce(t *testing.T) {
	var out bytes.Buffer
	counted := 0
	tell := misjudged(slog.New(slog.NewTextHandler(&out, nil)), func() { counted++ })
	for range 1000 {
		tell([]byte(strings.Repeat("x", 5000)), errors.New("colour is not a field of it"))
	}
	line := out.String()
	if strings.Count(line, "\n") != 1 || !strings.Contains(line, "level=ERROR") || !strings.Contains(line, "colour is not a field of it") ||
		!strings.Contains(line, " event="+strings.Repeat("x", 4096)+" ") {
		t.Errorf("the log is\n%s", line)
	}
	if counted != 1000 {
		t.Errorf("%d are counted, want all 1000", counted)
	}
}
