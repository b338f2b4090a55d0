package main

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// workBar is a line on a terminal that tells how much of a long work is done. It is not for concurrent use.
type workBar struct {
	to    io.Writer // nil: there is no terminal
	what  string    // is being done: "imported"
	began time.Time
	drawn time.Time // when the line was drawn last
	width int       // columns of the line that stands on the terminal
}

// newWorkBar makes the bar of a work that begins now.
func (a *app) newWorkBar(what string) *workBar {
	b := &workBar{what: what, began: time.Now(), drawn: time.Now()}
	if isTerminal(a.stderr) {
		b.to = a.stderr
	}
	return b
}

// show draws the line, not too often.
func (b *workBar) show(n, of int) {
	if b.to == nil || of == 0 || time.Since(b.drawn) < progressTick {
		return
	}
	const cells = 30
	full := cells * n / of
	line := fmt.Sprintf("[%s%s] %d of %d %s, %.0f s", strings.Repeat("#", full), strings.Repeat(".", cells-full), n, of, b.what, time.Since(b.began).Seconds())
	b.erase()
	b.width, b.drawn = utf8.RuneCountInString(line)+len("^C"), time.Now()
	_, _ = io.WriteString(b.to, line)
}

// erase makes the line empty again.
func (b *workBar) erase() {
	if b.width > 0 {
		_, _ = fmt.Fprintf(b.to, "\r%s\r", strings.Repeat(" ", b.width))
		b.width = 0
	}
}
