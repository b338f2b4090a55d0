package pipeline

import (
	"errors"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/internal/unhurried"
	"github.com/uptimer/uptimer/schemas"
)

func TestMain(m *testing.M) { unhurried.Main(m) }

// far is an age that no test reaches, and large a number of events or bytes.
const (
	far   = 1000 * time.Hour
	large = 1 << 40
)

// stock are events made once for all tests, and the place of each.
type stock struct {
	catalog *events.Catalog
	list    []events.Event
	place   map[uuid.UUID]int
}

var theStock = sync.OnceValues(func() (*stock, error) {
	c, err := events.NewCatalog(schemas.FS)
	if err != nil {
		return nil, err
	}
	s := &stock{catalog: c, place: map[uuid.UUID]int{}}
	for i := range 3000 {
		e, err := s.make(i, "stock")
		if err != nil {
			return nil, err
		}
		s.list = append(s.list, e)
		s.place[e.ID()] = i
	}
	return s, nil
})

func (s *stock) make(i int, target string) (events.Event, error) {
	return s.catalog.New("DummyEvent", time.Unix(1767323045, 0), map[string]any{
		"target": target, "reader": "test", "integer_value": i, "float_value": 0.5,
	})
}

// some are n different events, from the place first in the stock on.
func some(t testing.TB, first, n int) []events.Event {
	t.Helper()
	s, err := theStock()
	if err != nil {
		t.Fatal(err)
	}
	return slices.Clone(s.list[first : first+n])
}

// heavy is an event of that many bytes.
func heavy(t testing.TB, bytes int) events.Event {
	t.Helper()
	s, err := theStock()
	if err != nil {
		t.Fatal(err)
	}
	empty, err := s.make(1, "")
	if err != nil {
		t.Fatal(err)
	}
	e, err := s.make(1, strings.Repeat("x", bytes-len(empty.JSON())))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// places are where events stand in the stock.
func places(list []events.Event) (at []int) {
	s, _ := theStock()
	for _, e := range list {
		at = append(at, s.place[e.ID()])
	}
	return at
}

// upTo are the numbers from first to before end.
func upTo(first, end int) (list []int) {
	for i := first; i < end; i++ {
		list = append(list, i)
	}
	return list
}

var (
	errAway = errors.New("the database is away")
	silent  = slog.New(slog.NewTextHandler(io.Discard, nil))
)
