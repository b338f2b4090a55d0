//go:build linux

package main

import (
	"strings"
	"testing"

	"github.com/uptimer/uptimer/events/eventstest"
)

// If this failed, poison would not be poison: what is to be stored would be no event, or what is to be refused would be
// one.
func TestSpecimensAreWhatTheyAreCalled(t *testing.T) {
	catalog := eventstest.Catalog(t)
	for _, s := range specimens {
		_, err := catalog.Parse(s.value())
		if isEvent := s.valid || strings.HasPrefix(s.name, "valid, "); isEvent != (err == nil) {
			t.Errorf("%s: parsing it says %v", s.name, err)
		}
		if s.name == "over 1 MiB" && (err == nil || !strings.Contains(err.Error(), "1 MiB")) {
			t.Errorf("%s: parsing it says %v", s.name, err)
		}
	}
}
