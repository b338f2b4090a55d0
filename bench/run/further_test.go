//go:build linux

package main

import (
	"slices"
	"testing"
)

// If this failed, targets could take more memory than is promised and nobody would be told, or the table not say it.
//
// Seen to fail when the bound is not looked at.
func TestFurtherTargets(t *testing.T) {
	s := scenario{name: "x", bounds: bounds{further: 700}}
	results := []result{{further: []int64{500, 701, 10}}, {further: []int64{900, 699, 30}}, {further: []int64{600, 702, 20}}}
	if got, want := s.broken(results), []string{"each further target of tcp takes 701 bytes, want at most 700"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := furtherText(summaryOf(results).further), "; each further target: http 600, tcp 701, icmp 20 bytes"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := furtherText(furtherOf([]result{{}})); got != "" {
		t.Errorf("not measured: %q", got)
	}
}
