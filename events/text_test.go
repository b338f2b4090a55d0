package events

import (
	"bytes"
	"encoding/json"
	"testing"
)

// If this failed, a part that writes its fields itself would write texts otherwise than one that does not.
func FuzzAppendText(f *testing.F) {
	for _, s := range []string{"", "a", "\x00\x1f\x7f\b\f\n\r\t", `"\/`, "<a&b>", "é😀\u2028\u2029\ufffd", "a\xffb\xed\xa0\x80\xc0", "\xf0\x9f\x98"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var want bytes.Buffer
		enc := json.NewEncoder(&want)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(s); err != nil {
			t.Fatal(err)
		}
		got := AppendText([]byte("x"), s)
		if string(got) != "x"+string(bytes.TrimSuffix(want.Bytes(), []byte("\n"))) {
			t.Fatalf("%q is written %s, want %s", s, got, want.Bytes())
		}
	})
}
