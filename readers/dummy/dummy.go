// Package dummy is a source of events that are about nothing, for trying out writers without probing anything.
package dummy

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/events/plugin"
	"github.com/uptimer/uptimer/internal/setting"
)

// Title is the type of the events that this reader makes.
const Title = "DummyEvent"

// Plugin is the dummy reader.
var Plugin = plugin.Define("dummy", "makes events that are about nothing, for trying out writers",
	func(c Config, host plugin.Host) (events.Reader, error) { return New(c, host), nil })

// Config is what the environment says about the events.
type Config struct {
	Count setting.Count `envconfig:"DUMMY_EVENT_COUNT" default:"10" desc:"how many events are made"`
}

// batch is how many events are handed on at once: more than a page of most writers, so that few wait for company.
const batch = 10_000

// Reader makes a number of events and ends. It holds nothing between two calls of Read.
type Reader struct {
	count   int
	batch   int
	catalog *events.Catalog
	log     *slog.Logger
}

// New makes the reader.
func New(c Config, host plugin.Host) *Reader {
	return &Reader{count: int(c.Count), batch: batch, catalog: host.Catalog, log: host.Log}
}

// Read emits the events, numbered from 0 in integer_value, one batch after the other. An event that the writer
// refuses is logged. When ctx ends, so does Read, without an error; what was not emitted until then is not made.
// What was emitted cannot be made again, so it is not taken back: the pipeline writes it within the grace, or
// counts it as given up.
func (r *Reader) Read(ctx context.Context, emit events.Emit) error {
	for first := 0; first < r.count; first += r.batch {
		if ctx.Err() != nil {
			return nil
		}
		made, err := r.page(first, min(first+r.batch, r.count))
		if err != nil {
			return fmt.Errorf("reading from dummy: %w", err)
		}
		rejected, err := emit(context.WithoutCancel(ctx), made)
		switch {
		case ctx.Err() != nil && err != nil:
			return nil
		case err != nil:
			return fmt.Errorf("reading from dummy: events %d to %d: %w", first, first+len(made)-1, err)
		}
		for _, x := range rejected {
			e := made[x.Index]
			r.log.Error("an event was refused by the writer and is not stored", "uuid", e.ID(), "schema_title", e.Title(), "reason", x.Reason)
		}
	}
	return nil
}

// fields are what DummyEvent adds to Event.
type fields struct {
	Target       string  `json:"target"`
	Reader       string  `json:"reader"`
	IntegerValue int     `json:"integer_value"`
	FloatValue   float64 `json:"float_value"`
}

// page makes the events from first up to end.
func (r *Reader) page(first, end int) ([]events.Event, error) {
	page := make([]events.Event, 0, end-first)
	for i := first; i < end; i++ {
		e, err := r.catalog.New(Title, time.Now(), fields{Target: "dummy", Reader: "dummy", IntegerValue: i, FloatValue: float64(i) / 8})
		if err != nil {
			return nil, err
		}
		page = append(page, e)
	}
	return page, nil
}
