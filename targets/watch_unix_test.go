//go:build unix

package targets

import (
	"syscall"
	"testing"
	"time"
)

// Checks that take all descriptors would make the log say every other second that the list is refused, and then that a
// new one is in force; and a change of that time would be lost. Seen to fail when every failure to read is the file's.
func TestAListThatWeHaveNoDescriptorFor(t *testing.T) {
	watch(t, "a.example\n", func(w *watched) {
		w.after(10 * time.Second)
		for range 3 {
			without(t, func() { w.after(5 * time.Second) })
			w.after(5 * time.Second)
		}
		w.write("a.example\nb.example\n")
		without(t, func() { time.Sleep(5 * time.Second) })
		w.after(5*time.Second, "https://a.example https://b.example")
	})
}

// without does something while no descriptor can be had.
func without(t *testing.T, do func()) {
	t.Helper()
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &before); err != nil {
		t.Skip(err)
	}
	none := before
	none.Cur = 3
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &none); err != nil {
		t.Skip(err)
	}
	defer func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &before); err != nil {
			t.Error(err)
		}
	}()
	do()
}
