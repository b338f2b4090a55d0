package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// progressTick is how often the line is drawn. Nothing is seen of checks that end sooner.
const progressTick = 150 * time.Millisecond

// progress is a line on stderr that tells how many checks are done while somebody waits for them. It is a writer
// for whatever else goes to stderr meanwhile. The methods may be called from many goroutines.
type progress struct {
	mu     sync.Mutex
	stderr io.Writer
	frames []string // of the spinner; none: there is no line
	frame  int
	drawn  int // columns of the line that stands on the terminal
	began  time.Time
	total  int
	done   int
}

func newProgress(stderr io.Writer, frames []string) *progress {
	return &progress{stderr: stderr, frames: frames}
}

// begin says how many checks there are.
func (p *progress) begin(total int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.total, p.began = total, time.Now()
}

// finished notes that one more check is done.
func (p *progress) finished() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done++
}

// run draws the line until ctx ends, and erases it then.
func (p *progress) run(ctx context.Context) {
	if len(p.frames) == 0 {
		return
	}
	ticker := time.NewTicker(progressTick)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			p.aside(func() {})
			return
		case <-ticker.C:
			p.draw()
		}
	}
}

func (p *progress) draw() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.done == p.total {
		return
	}
	line := fmt.Sprintf("%s %d of %d checked, %.1f s", p.frames[p.frame], p.done, p.total, time.Since(p.began).Seconds())
	p.frame = (p.frame + 1) % len(p.frames)
	p.erase()
	p.drawn = utf8.RuneCountInString(line) + len("^C") // which a terminal may have put behind it
	_, _ = io.WriteString(p.stderr, line)
}

// erase makes the line empty again, without orders that some terminals do not know.
func (p *progress) erase() {
	if p.drawn > 0 {
		_, _ = fmt.Fprintf(p.stderr, "\r%s\r", strings.Repeat(" ", p.drawn))
		p.drawn = 0
	}
}

// aside erases the line and keeps it away while f writes to the terminal.
func (p *progress) aside(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.erase()
	f()
}

// Write writes to stderr, on a line of its own.
func (p *progress) Write(text []byte) (n int, err error) {
	p.aside(func() { n, err = p.stderr.Write(text) })
	return n, err
}
