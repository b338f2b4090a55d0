// Package setting holds the values that users write, in the environment and in lists of targets: how they are
// read, and what is said of those that cannot be.
package setting

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Mistake is one thing that a user wrote and that cannot be taken.
type Mistake struct {
	Where string // the variable, or file, line and field: "PROBE_INTERVAL", "sites.csv:12: interval"
	Value string // as written, without secrets; empty if there is none to show
	Err   error  // what is wrong, and what would be right
}

// Error is one line: where, the value, what is wrong and what would be right.
func (m Mistake) Error() string {
	if m.Where == "" {
		return m.Err.Error()
	}
	if m.Value == "" {
		return fmt.Sprintf("%s: %v", m.Where, m.Err)
	}
	return fmt.Sprintf("%s=%s: %v", m.Where, quote(m.Value), m.Err)
}

// Unwrap returns what is wrong.
func (m Mistake) Unwrap() error { return m.Err }

// Mistakes are all that were found in one look. As an error they stop the start (exit code 2).
type Mistakes []Mistake

// Error has one line a mistake.
func (ms Mistakes) Error() string {
	lines := make([]string, len(ms))
	for i, m := range ms {
		lines[i] = m.Error()
	}
	return strings.Join(lines, "\n")
}

// MostMistakes is how many are kept; nobody reads more, and a list of a million lines may have as many.
const MostMistakes = 1000

// tooMany stands for the mistakes that are not kept.
type tooMany int

func (n tooMany) Error() string { return fmt.Sprintf("and %d more mistakes", int(n)) }

// Add notes a mistake. Value may hold a URL with a password: it is taken out. Beyond a thousand mistakes are only
// counted.
func (ms *Mistakes) Add(where, value string, err error) {
	ms.add(Mistake{Where: where, Value: Redact(value), Err: err})
}

// AddCount counts mistakes that nobody kept.
func (ms *Mistakes) AddCount(n int) {
	if n > 0 {
		ms.add(Mistake{Err: tooMany(n)})
	}
}

func (ms *Mistakes) add(m Mistake) {
	count, counted := m.Err.(tooMany) //nolint:errorlint // it is never wrapped
	switch {
	case len(*ms) < MostMistakes && !counted:
		*ms = append(*ms, m)
		return
	case !counted:
		count = 1
	}
	if last := len(*ms) - 1; last >= 0 {
		if before, ok := (*ms)[last].Err.(tooMany); ok { //nolint:errorlint // as above
			(*ms)[last].Err = before + count
			return
		}
	}
	*ms = append(*ms, Mistake{Err: count})
}

// Join adds what err holds: all its mistakes, or err itself as one.
func (ms *Mistakes) Join(where string, err error) {
	if err != nil { // mostly there is none, and a million targets are looked at
		ms.join(where, err)
	}
}

func (ms *Mistakes) join(where string, err error) {
	var more Mistakes
	switch {
	case errors.As(err, &more):
		for _, m := range more {
			ms.add(m)
		}
	default:
		ms.add(Mistake{Where: where, Err: err})
	}
}

// Err is nil when there are none.
func (ms Mistakes) Err() error {
	if len(ms) == 0 {
		return nil
	}
	return ms
}

// maxShown bounds how much of a wrong value is repeated to the user.
const maxShown = 120

func quote(value string) string {
	if len(value) > maxShown {
		value = strings.ToValidUTF8(value[:maxShown], "") + "…"
	}
	return fmt.Sprintf("%q", value)
}

// userinfo finds user and password in anything that looks like a URL, also in one that does not parse, and in what
// looks like the rest of one: user:password@host.
var (
	userinfo     = regexp.MustCompile(`([a-zA-Z][a-zA-Z0-9+.-]*://)[^/?#\s"']*@`)
	bareUserinfo = regexp.MustCompile(`(^|[\s"'\[,])[^\s"'\[,/:@]+:[^\s"'/@]+@`)
)

// HiddenUser stands for user and password wherever URLs are shown.
const HiddenUser = "xxxxx"

// Redact takes user and password out of the URLs in a text.
func Redact(text string) string {
	if !strings.Contains(text, "@") {
		return text
	}
	return bareUserinfo.ReplaceAllString(userinfo.ReplaceAllString(text, "${1}"+HiddenUser+"@"), "${1}"+HiddenUser+"@")
}
