package stdout

import (
	"io"
	"log/slog"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/events/plugin"
	"github.com/uptimer/uptimer/schemas"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var theCatalog = sync.OnceValues(func() (*events.Catalog, error) { return events.NewCatalog(schemas.FS) })

func catalog(t testing.TB) *events.Catalog {
	t.Helper()
	c, err := theCatalog()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func open(t testing.TB, format string, to io.Writer) *Writer {
	t.Helper()
	w, err := New(Config{Format: format}, plugin.Host{Catalog: catalog(t), Log: slog.New(slog.DiscardHandler), Stdout: to})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// parse is an event that comes from outside.
func parse(t testing.TB, c *events.Catalog, text string) events.Event {
	t.Helper()
	e, err := c.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return e
}
