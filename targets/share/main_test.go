package share

import (
	"testing"

	"github.com/uptimer/uptimer/internal/servertest"
	"github.com/uptimer/uptimer/internal/unhurried"
)

func TestMain(m *testing.M) {
	servertest.SideBySide(6)
	unhurried.Main(m)
}
