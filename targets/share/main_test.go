package share

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/uptimer/uptimer/internal/servertest"
)

func TestMain(m *testing.M) {
	servertest.SideBySide(6)
	goleak.VerifyTestMain(m)
}
