package probes

import (
	"testing"

	"go.uber.org/goleak"
)

// A check that leaves a goroutine behind would leave millions in a day.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
