package topic

import (
	"log/slog"
	"testing"

	"github.com/uptimer/uptimer/internal/servertest"
	"github.com/uptimer/uptimer/internal/setting"
	"github.com/uptimer/uptimer/internal/unhurried"
)

func TestMain(m *testing.M) {
	servertest.SideBySide(6)
	unhurried.Main(m)
}

// open makes a cluster that ends with the test.
func open(t testing.TB, brokers []string) *Cluster {
	t.Helper()
	c, err := Open(Config{Brokers: setting.Words(brokers), CheckName: true, Mechanism: "PLAIN"}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}
