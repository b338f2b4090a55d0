package events

import (
	"io/fs"
	"time"
)

// Catalog knows the event types: a JSON Schema each.
type Catalog struct{}

// NewCatalog compiles the schemas of a file system.
func NewCatalog(schemas fs.FS) (*Catalog, error) { return &Catalog{}, nil }

// New makes an event of the concrete type title that tells of something that began at the given time.
func (c *Catalog) New(title string, at time.Time, parts ...any) (Event, error) { return Event{}, nil }

// Parse reads an event that comes from outside.
func (c *Catalog) Parse(data []byte) (Event, error) { return Event{}, nil }
