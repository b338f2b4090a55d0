package acceptor

import (
	"bytes"
	"testing"
)

// If this failed, a text would be taken that JSON does not allow, or be ended at an escaped quote.
//
// Seen to fail when the last bytes are not looked at, and when only the first of eight is.
func TestLook(t *testing.T) {
	for size := range 20 {
		for at := range size {
			for b := range 256 {
				data := bytes.Repeat([]byte{'x'}, size)
				data[at] = byte(b)
				isClean, isUTF8 := look(data)
				if isClean != (b >= ' ' && b != '\\') || isUTF8 != (b < 0x80) {
					t.Fatalf("byte %#x at %d of %d: got %v, %v", b, at, size, isClean, isUTF8)
				}
			}
		}
	}
}
