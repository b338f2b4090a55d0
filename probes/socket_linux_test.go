package probes

import (
	"os"
	"path/filepath"
	"testing"
)

// A target would be down because the kernel watches no more connections for us: Go then says so nowhere but at the
// first wait, with an error of its own. A file on disk is refused by the same call.
func TestWhatIsNotWatchedIsOurOwnFault(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	s := &socket{}
	wantOwnFault(t, Explain(t.Context(), "connecting", s.failed("connect", polled(file))), CauseBuffers)
}
