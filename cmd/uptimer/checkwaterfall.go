package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/fatih/color"

	"github.com/uptimer/uptimer/probes"
)

// leastBar is how many columns the time axis has at least.
const leastBar = 8

// phase is one part of a check and the colour of its bar.
type phase struct {
	name  string
	paint color.Attribute
}

// phases are in the order in which they happen.
var phases = []phase{
	{"redirect", color.FgMagenta},
	{"dns", color.FgCyan},
	{"connect", color.FgBlue},
	{"tls", color.FgMagenta},
	{"send", color.FgYellow},
	{"wait", color.FgYellow},
	{"receive", color.FgGreen},
}

// bar is a phase on the common time axis, in milliseconds.
type bar struct {
	phase
	start, took float64
}

// barsOf puts the phases of a check one behind the other.
func barsOf(timings map[string]float64) (bars []bar, total float64) {
	for _, p := range phases {
		if took, had := timings[p.name]; had {
			bars = append(bars, bar{p, total, took})
			total += took
		}
	}
	return bars, total
}

// waterfall draws a bar a phase. The bar in which a check failed is red.
func (l look) waterfall(v view) string {
	bars, total := barsOf(v.TimingsMS)
	if len(bars) == 0 {
		return ""
	}
	if v.brokeOff() {
		bars[len(bars)-1].paint = color.FgRed
	}
	number := len(l.millis(v, total))
	for _, b := range bars {
		number = max(number, len(l.millis(v, b.took)))
	}
	cells := max(l.width-indent-labelWidth-number-len(" ms  ")-1, leastBar)
	var out strings.Builder
	for _, b := range bars {
		from, to := halves(b, total, 2*cells)
		l.writeBar(&out, b.name, fmt.Sprintf("%*s", number, l.millis(v, b.took)), l.paint(l.draw(from, to), b.paint))
	}
	if len(bars) > 1 {
		l.writeBar(&out, "total", fmt.Sprintf("%*s", number, l.millis(v, total)), l.paint(l.axis(cells), color.Faint))
	}
	return out.String()
}

// brokeOff tells whether the check failed in its last phase, rather than by what it found out.
func (v view) brokeOff() bool {
	switch probes.Reason(v.Reason) {
	case probes.OK, probes.Status, probes.Body, probes.Redirect, probes.Loss:
		return false
	}
	return true
}

func (l look) writeBar(out *strings.Builder, label, ms, drawn string) {
	fmt.Fprintf(out, "%s%s ms  %s\n", l.label(label), ms, drawn)
}

// halves is where a bar begins and ends, in half cells of the axis: at least one is drawn.
func halves(b bar, total float64, axis int) (from, to int) {
	if total <= 0 {
		return 0, 1
	}
	from = min(int(math.Round(b.start/total*float64(axis))), axis-1)
	to = int(math.Round((b.start + b.took) / total * float64(axis)))
	return from, min(max(to, from+1), axis)
}

// draw draws a bar from one half cell to another. In ASCII a cell is drawn when half of it is meant.
func (l look) draw(from, to int) string {
	full, left, right := "█", "▌", "▐"
	if !l.unicode {
		full, left, right = "#", "#", "#"
	}
	var out strings.Builder
	out.WriteString(strings.Repeat(" ", from/2))
	for at := from; at < to; {
		switch {
		case at%2 == 1:
			out.WriteString(right)
			at++
		case at+1 == to:
			out.WriteString(left)
			at++
		default:
			out.WriteString(full)
			at += 2
		}
	}
	return out.String()
}

// axis is the whole time.
func (l look) axis(cells int) string {
	if l.unicode {
		return "├" + strings.Repeat("─", cells-2) + "┤"
	}
	return "|" + strings.Repeat("-", cells-2) + "|"
}

// millis is a number of milliseconds with as many digits as tell something beside the whole time.
func (l look) millis(v view, ms float64) string {
	digits := 1
	switch {
	case v.ResponseTimeMS < 10:
		digits = 3
	case v.ResponseTimeMS < 100:
		digits = 2
	}
	return strconv.FormatFloat(ms, 'f', digits, 64)
}
