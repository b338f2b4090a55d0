package main

import (
	"fmt"
	"strings"

	"github.com/fatih/color"
)

// The columns of a picture: what stands below a headline is indented by its first word, facts begin with a label.
const (
	indent     = 6
	labelWidth = len("certificate") + 2
)

// row is a fact below a headline.
type row struct {
	label string
	text  string // from outside: plain already
	paint []color.Attribute
}

// picture is everything that is shown of an event.
func (l look) picture(v view) string {
	var out strings.Builder
	out.WriteString(l.headline(v))
	for _, r := range l.facts(v) {
		l.writeRow(&out, r)
	}
	if bars := l.waterfall(v); bars != "" {
		out.WriteString("\n" + bars)
	}
	return out.String()
}

// headline says the answer.
func (l look) headline(v view) string {
	facts := present([]string{v.status(), l.millis(v, v.ResponseTimeMS) + " ms"})
	if v.Up {
		return l.head("UP", color.FgGreen, l.plain(v.Target), "", facts...)
	}
	return l.head("DOWN", color.FgRed, l.plain(v.Target), l.plain(v.Reason), facts...)
}

// head is a headline: a word, the target, what is wrong, and facts; on two lines where one is too short.
func (l look) head(word string, paint color.Attribute, target, wrong string, facts ...string) string {
	rest := strings.Join(present(append([]string{wrong}, facts...)), l.dot())
	between := l.dot()
	if l.wrap && indent+len([]rune(target+between+rest)) > l.width {
		between = "\n" + strings.Repeat(" ", indent)
	}
	rest = l.paint(wrong, paint) + strings.TrimPrefix(rest, wrong)
	return l.paint(word, paint, color.Bold) + strings.Repeat(" ", indent-len(word)) + target + between + rest + "\n"
}

// fault is what is shown of a target that could not be checked.
func (l look) fault(target string, f fault) string {
	var out strings.Builder
	what := "could not be checked"
	if f.cause != "" {
		what += ": " + l.plain(string(f.cause))
	}
	out.WriteString(l.head("FAULT", color.FgYellow, l.plain(target), what))
	l.writeRow(&out, row{label: "cause", text: l.plain(f.text)})
	if hint := faultHints[f.cause]; hint != "" {
		l.writeRow(&out, row{label: "hint", text: hint})
	}
	l.writeRow(&out, row{label: "note", text: "the fault is on this side: nothing is known of the target"})
	return out.String()
}

func (l look) writeRow(out *strings.Builder, r row) {
	label := r.label
	for _, line := range l.lines(r.text, l.width-indent-labelWidth) {
		fmt.Fprintf(out, "%s%s\n", l.label(label), l.paint(line, r.paint...))
		label = ""
	}
}

// label is a label in its columns.
func (l look) label(label string) string {
	return strings.Repeat(" ", indent) + l.paint(label, color.Faint) + strings.Repeat(" ", labelWidth-len(label))
}
