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
	word, paint := "UP", color.FgGreen
	facts := []string{l.plain(v.Target)}
	if !v.Up {
		word, paint = "DOWN", color.FgRed
		facts = append(facts, l.paint(l.plain(v.Reason), paint))
	}
	if status := v.status(); status != "" {
		facts = append(facts, status)
	}
	facts = append(facts, l.millis(v, v.ResponseTimeMS)+" ms")
	return l.word(word, paint) + strings.Join(facts, l.dot()) + "\n"
}

// word is the first word of a headline, at the width of the indent.
func (l look) word(word string, paint color.Attribute) string {
	return l.paint(word, paint, color.Bold) + strings.Repeat(" ", indent-len(word))
}

// fault is what is shown of a target that could not be checked.
func (l look) fault(target string, f fault) string {
	var out strings.Builder
	what := "could not be checked"
	if f.cause != "" {
		what += ": " + l.plain(string(f.cause))
	}
	fmt.Fprintf(&out, "%s%s%s%s\n", l.word("FAULT", color.FgYellow), l.plain(target), l.dot(), l.paint(what, color.FgYellow))
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
