//go:build linux

package main

import (
	"fmt"
	"html"
	"math"
	"os"
	"strings"
)

// chart is bars in groups, as SVG.
type chart struct {
	title  string
	unit   string
	series []string
	groups []group
}

// group is a bar for each series, beside each other.
type group struct {
	name   string
	values []float64
}

// The measures of a chart, in pixels.
const (
	labelWidth = 110
	barsWidth  = 520
	barHeight  = 14
	groupGap   = 12
	headHeight = 56
)

var colours = []string{"#9aa5b1", "#2f6fde", "#e07a1f", "#c0392b"}

// svg draws the chart. Bars are as long as their values, the longest as long as there is room.
func (c chart) svg() string {
	longest := 0.0
	for _, g := range c.groups {
		for _, v := range g.values {
			longest = max(longest, v)
		}
	}
	height := headHeight
	var bars strings.Builder
	for _, g := range c.groups {
		fmt.Fprintf(&bars, `<text x="%d" y="%d" text-anchor="end">%s</text>`+"\n", labelWidth-8, height+barHeight*len(g.values)/2+4, html.EscapeString(g.name))
		for i, v := range g.values {
			width := 0.0
			if longest > 0 {
				width = math.Max(v/longest*barsWidth, 1)
			}
			fmt.Fprintf(&bars, `<rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/><text x="%.1f" y="%d" font-size="10">%.4g</text>`+"\n",
				labelWidth, height, width, barHeight-2, colours[i%len(colours)], labelWidth+width+4, height+barHeight-4, v)
			height += barHeight
		}
		height += groupGap
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12">`+"\n", labelWidth+barsWidth+80, height)
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" fill="white"/><text x="8" y="20" font-size="14">%s (%s)</text>`+"\n", html.EscapeString(c.title), html.EscapeString(c.unit))
	for i, name := range c.series {
		fmt.Fprintf(&b, `<rect x="%d" y="32" width="10" height="10" fill="%s"/><text x="%d" y="41">%s</text>`+"\n",
			labelWidth+i*130, colours[i%len(colours)], labelWidth+14+i*130, html.EscapeString(name))
	}
	b.WriteString(bars.String())
	b.WriteString("</svg>\n")
	return b.String()
}

func (c chart) write(path string) error {
	if len(c.groups) == 0 {
		return nil
	}
	return os.WriteFile(path, []byte(c.svg()), 0o644) //nolint:gosec // to be looked at by anybody
}
