package probes

import (
	"testing"

	"github.com/uptimer/uptimer/internal/unhurried"
)

// A check that leaves a goroutine behind would leave millions in a day.
func TestMain(m *testing.M) { unhurried.Main(m) }
