package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminal is a pseudo-terminal, and what was written to it.
type terminal struct {
	*os.File
	main *os.File
	read sync.WaitGroup

	mu   sync.Mutex
	text bytes.Buffer
}

func newTerminal(t *testing.T, columns uint16) *terminal {
	t.Helper()
	main, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("this machine gives no pseudo-terminal: %v", err)
	}
	fd := int(main.Fd())
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns})
	}
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	term := &terminal{File: file, main: main}
	term.read.Go(term.readAll)
	t.Cleanup(func() { term.end() })
	return term
}

func (t *terminal) readAll() {
	part := make([]byte, 4096)
	for {
		n, err := t.main.Read(part) // fails when the other side is closed
		t.mu.Lock()
		t.text.Write(part[:n])
		t.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// seen is what was written until now.
func (t *terminal) seen() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.String()
}

// end closes the terminal and returns all that was written.
func (t *terminal) end() string {
	_ = t.Close()
	t.read.Wait()
	_ = t.main.Close()
	return t.seen()
}

// If this failed, a person would not see the picture in the terminal's colours and width, or see colours where they
// are not wanted. Seen to fail with look taking NO_COLOR for unset.
func TestCheckOnTerminal(t *testing.T) {
	web := webServer(t)
	for _, c := range []struct {
		name    string
		environ []string
		colour  bool
		axis    string
	}{
		{"colours", []string{"TERM=xterm"}, true, "├─────"},
		{"NO_COLOR", []string{"TERM=xterm", "NO_COLOR=1"}, false, "├─────"},
		{"NO_COLOR set to nothing", []string{"TERM=xterm", "NO_COLOR="}, true, "├─────"},
		{"dumb", []string{"TERM=dumb"}, false, "├─────"},
		{"ASCII", []string{"TERM=xterm", "LC_ALL=C"}, true, "|-----"},
	} {
		t.Run(c.name, func(t *testing.T) {
			term := newTerminal(t, 100)
			code := checkTo(t.Context(), term.File, io.Discard, c.environ, web)
			text := term.end()
			if code != 0 || strings.Contains(text, "\x1b[") != c.colour || !strings.Contains(text, c.axis) {
				t.Errorf("exit code %d\n%q", code, text)
			}
			if c.colour {
				return
			}
			widest := 0
			for line := range strings.Lines(text) {
				widest = max(widest, len([]rune(strings.TrimRight(line, "\r\n"))))
			}
			if widest != 99 {
				t.Errorf("the widest line has %d columns, want 99 of 100\n%s", widest, text)
			}
		})
	}
}

// If this failed, nobody would see whether anything still happens, or the line that shows it would stay in the way,
// also after Ctrl-C. Seen to fail without the last erasure in run.
func TestCheckShowsProgress(t *testing.T) {
	for _, interrupted := range []bool{false, true} {
		t.Run(fmt.Sprintf("interrupted %t", interrupted), func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), checkPatience)
			defer cancel()
			term := newTerminal(t, 100)
			server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				for !strings.Contains(term.seen(), "0 of 1 checked, ") && r.Context().Err() == nil {
					time.Sleep(10 * time.Millisecond)
				}
				if interrupted {
					cancel()
					<-r.Context().Done()
				}
			}))
			defer server.Close()
			want := 0
			if interrupted {
				want = exitInterrupted
			}
			var stdout bytes.Buffer
			code := checkTo(ctx, &stdout, term.File, []string{"TERM=xterm", "PROBE_TIMEOUT=30"}, server.URL)
			text := term.end()
			if code != want || !strings.Contains(text, "0 of 1 checked, ") || !strings.HasSuffix(text, " \r") {
				t.Errorf("exit code %d, stderr %q", code, text)
			}
			if strings.Contains(stdout.String(), "of 1") || strings.Contains(stdout.String(), "\x1b") || interrupted && stdout.Len() > 0 {
				t.Errorf("stdout %q", stdout.String())
			}
		})
	}
}

// If this failed, terminals that know no line to be drawn again would be filled with lines.
func TestCheckShowsNoProgressOnDumbTerminals(t *testing.T) {
	term := newTerminal(t, 100)
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { time.Sleep(3 * progressTick) }))
	defer server.Close()
	code := checkTo(t.Context(), io.Discard, term.File, []string{"TERM=dumb"}, server.URL)
	if text := term.end(); code != 0 || text != "" {
		t.Errorf("exit code %d, stderr %q", code, text)
	}
}
