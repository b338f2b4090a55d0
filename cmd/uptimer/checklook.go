package main

import (
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"unicode"

	"github.com/fatih/color"
	"golang.org/x/term"
)

// look is how an answer looks where it is printed.
type look struct {
	width   int  // columns
	wrap    bool // long texts are broken at the width
	unicode bool // else ASCII alone
	colour  bool
	spinner []string // empty: nobody waits at a terminal
}

// The columns where nobody says how many there are, and the fewest that a picture needs.
const (
	usualWidth = 80
	leastWidth = 40
)

var (
	unicodeSpinner = []string{"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"}
	asciiSpinner   = []string{"|", "/", "-", `\`}
)

// look finds out what the terminal can show.
func (a *app) look() look {
	dumb := a.variable("TERM") == "dumb"
	l := look{width: usualWidth, unicode: a.isUTF8()}
	if width, ok := terminalWidth(a.stdout); ok {
		l.width, l.wrap = max(width, leastWidth), true
		l.colour = !dumb && a.variable("NO_COLOR") == ""
	}
	switch {
	case dumb || !isTerminal(a.stderr):
	case l.unicode:
		l.spinner = unicodeSpinner
	default:
		l.spinner = asciiSpinner
	}
	return l
}

// variable is one that is no setting of ours. One set to nothing is unset, as NO_COLOR wants it too.
func (a *app) variable(name string) string {
	value, _, err := a.env.Lookup(name)
	if err != nil {
		return ""
	}
	return value
}

// isUTF8 tells whether the locale says that text is UTF-8. Go's console on Windows always takes it.
func (a *app) isUTF8() bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if locale := strings.ToLower(a.variable(name)); locale != "" {
			return strings.Contains(locale, "utf-8") || strings.Contains(locale, "utf8")
		}
	}
	return runtime.GOOS == "windows"
}

// terminalWidth is how many columns the terminal has, if it is one.
func terminalWidth(w io.Writer) (columns int, ok bool) {
	f, isFile := w.(*os.File)
	if !isFile || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	columns, _, err := term.GetSize(int(f.Fd()))
	if err != nil || columns == 0 {
		columns = usualWidth
	}
	return columns, true
}

// paint gives a text colours, where there are any.
func (l look) paint(text string, attributes ...color.Attribute) string {
	if !l.colour || text == "" || len(attributes) == 0 {
		return text
	}
	c := color.New(attributes...)
	c.EnableColor() // decided above, for the writer that is really used
	return c.Sprint(text)
}

// plain is a text from outside with an escape for every character that a terminal could take for an order, that
// cannot be seen, or that cannot be shown here.
func (l look) plain(text string) string {
	shown := func(r rune) bool {
		return unicode.IsPrint(r) && r != unicode.ReplacementChar && (l.unicode || r < unicode.MaxASCII)
	}
	var out strings.Builder
	for _, r := range text {
		if shown(r) {
			out.WriteRune(r)
		} else {
			out.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		}
	}
	return out.String()
}

// dot stands between two facts on one line.
func (l look) dot() string {
	if l.unicode {
		return " · "
	}
	return " | "
}

// lines breaks a text at its spaces into lines of at most width columns, where lines are broken at all. A word that
// is longer, such as a URL, stays whole.
func (l look) lines(text string, width int) []string {
	if !l.wrap {
		return []string{text}
	}
	var lines []string
	line, columns := "", 0
	for word := range strings.FieldsSeq(text) {
		n := len([]rune(word))
		switch {
		case line == "":
			line, columns = word, n
		case columns+1+n <= width:
			line, columns = line+" "+word, columns+1+n
		default:
			lines = append(lines, line)
			line, columns = word, n
		}
	}
	return append(lines, line)
}
