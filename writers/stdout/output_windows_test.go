package stdout

import (
	"os"
	"testing"
)

// slowPipe is a pipe; a write to it that blocks cannot be called back.
func slowPipe(t *testing.T) (*os.File, *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	return r, w
}
