package probes

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode/utf8"
)

// Regex is a regular expression that what a server sent is matched with. Matching takes time in proportion to the
// text, but also to the expression, which repetitions such as (x{1,30}){1,30} make a thousand times as long.
type Regex struct {
	compiled *regexp.Regexp
	steps    int // that one character takes at most
}

// ParseRegex compiles a regular expression. Its error is worded for users and does not repeat the whole text.
func ParseRegex(text string) (*Regex, error) {
	compiled, err := regexp.Compile(text)
	if err != nil {
		cause := strings.TrimPrefix(err.Error(), "error parsing regexp: ")
		return nil, fmt.Errorf("not a regular expression (%s); want one as Go's regexp reads it", cause)
	}
	return &Regex{compiled, stepsOf(compiled)}, nil
}

// stepsOf is the size of the program that package regexp makes of an expression, which it does not tell.
func stepsOf(compiled *regexp.Regexp) int {
	if _, literal := compiled.LiteralPrefix(); literal {
		return 0 // searched for as it is
	}
	parsed, err := syntax.Parse(compiled.String(), syntax.Perl)
	if err != nil {
		return maxStepsAtOnce
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return maxStepsAtOnce
	}
	return len(program.Inst)
}

// String is the expression as it was written.
func (r *Regex) String() string { return r.compiled.String() }

const (
	// maxStepsAtOnce is how many steps nobody looks at the time for: a few hundred milliseconds at worst. Package
	// regexp is faster with a text that is in memory than with one that it is told character by character.
	maxStepsAtOnce = 32 << 20

	// lookSteps is how many steps are made between two looks at the time otherwise.
	lookSteps = 1 << 20
)

// Match tells whether a part of a text matches. It ends soon after ctx: then its error is a *Failure with TimedOut,
// which says that the expression is too costly, or Is context.Canceled.
func (r *Regex) Match(ctx context.Context, text []byte) (bool, error) {
	if r.steps*len(text) <= maxStepsAtOnce {
		return r.compiled.Match(text), nil
	}
	if start, _ := r.compiled.LiteralPrefix(); !bytes.Contains(text, []byte(start)) {
		return false, nil // no match can begin
	}
	return r.matchTimed(ctx, text)
}

func (r *Regex) matchTimed(ctx context.Context, text []byte) (bool, error) {
	t := timedText{ctx: ctx, rest: text, every: max(1, lookSteps/max(1, r.steps))}
	matches := r.compiled.MatchReader(&t)
	switch {
	case t.ended == nil:
		return matches, nil
	case errors.Is(t.ended, context.Canceled):
		return false, cancelled("matching the regular expression")
	}
	return false, &Failure{Reason: Timeout, TimedOut: true, Text: fmt.Sprintf(
		"the regular expression is too costly for %d bytes: it was not through with them in time; want a simpler one, or less to match", len(text))}
}

// timedText is a text that ends early when ctx does.
type timedText struct {
	ctx   context.Context
	ended error // of ctx
	rest  []byte
	every int // characters between two looks at ctx
	left  int // until the next look
}

// ReadRune reads the next character, as package regexp reads it from a text in memory.
func (t *timedText) ReadRune() (char rune, size int, err error) {
	if t.left == 0 {
		t.ended = t.ctx.Err()
		t.left = t.every
	}
	t.left--
	if t.ended != nil || len(t.rest) == 0 {
		t.rest = nil
		return 0, 0, io.EOF
	}
	char, size = utf8.DecodeRune(t.rest)
	t.rest = t.rest[size:]
	return char, size, nil
}
