package events

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"
)

// Catalog knows the event types: a JSON Schema each. It never changes and may be shared between goroutines.
type Catalog struct {
	schemas map[string]*schemaFile // by title
	types   map[string]*eventType  // the concrete ones, by title
	second  second
}

// root is the title of the schema that every concrete type extends.
const root = "Event"

// NewCatalog compiles the schemas at the root of a file system: a file an event type, named by its title and
// ending in .json. They may refer to each other and to nothing else. A type is concrete if its schema_title is a
// const; those without are only there to be extended. An error names the file and what is wrong with it.
func NewCatalog(files fs.FS, options ...Option) (*Catalog, error) {
	schemas, err := readSchemas(files)
	if err != nil {
		return nil, err
	}
	if schemas[root] == nil {
		return nil, fmt.Errorf("%s.json is missing: every event type extends it", root)
	}
	c := &Catalog{schemas: schemas, types: make(map[string]*eventType)}
	for _, choose := range options {
		choose(c)
	}
	strict, err := newCompiler(schemas, asWritten)
	if err != nil {
		return nil, err
	}
	open, err := newCompiler(schemas, opened)
	if err != nil {
		return nil, err
	}
	for _, title := range c.fromTheRoot() {
		t, err := newEventType(schemas, title)
		if err != nil {
			return nil, err
		}
		if t.known, err = compile(strict, schemas[title]); err != nil {
			return nil, err
		}
		if t.newer, err = compile(open, schemas[title]); err != nil {
			return nil, err
		}
		if schemas[title].concrete {
			t.newAcceptor()
			c.types[title] = t
		}
	}
	return c, nil
}

// Titles lists all event types, also those that are only extended, sorted.
func (c *Catalog) Titles() []string { return slices.Sorted(maps.Keys(c.schemas)) }

// fromTheRoot lists the titles so that each comes after what it extends: a mistake is found in the file that it
// is in.
func (c *Catalog) fromTheRoot() []string {
	titles := c.Titles()
	slices.SortStableFunc(titles, func(a, b string) int {
		return len(c.schemas[a].extends) - len(c.schemas[b].extends)
	})
	return titles
}

// Concrete tells whether there are events with that title.
func (c *Catalog) Concrete(title string) bool { return c.types[title] != nil }

// typeOf finds the concrete type that a schema_title names.
func (c *Catalog) typeOf(title string) (*eventType, error) {
	if t := c.types[title]; t != nil {
		return t, nil
	}
	wrong := "which is no event type"
	if c.schemas[title] != nil {
		wrong = "which is abstract"
	}
	return nil, fmt.Errorf("schema_title is %s, %s; want %s", shown(title), wrong, c.choice())
}

// choice names the concrete types.
func (c *Catalog) choice() string { return oneOf(quoted(slices.Sorted(maps.Keys(c.types)))) }
