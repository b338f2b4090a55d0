package acceptor

import (
	"bytes"
	"testing"
)

// If this failed, a text would be taken that JSON does not allow, or be ended at an escaped quote.
//
// Seen to fail when the last bytes are not looked at, and when only the first of eight is.
func TestClean(t *testing.T) {
	for size := range 20 {
		for at := range size {
			for b := range 256 {
				data := bytes.Repeat([]byte{'x'}, size)
				data[at] = byte(b)
				if got, want := clean(data), b >= ' ' && b != '\\'; got != want {
					t.Fatalf("byte %#x at %d of %d: got %v", b, at, size, got)
				}
			}
		}
	}
}
