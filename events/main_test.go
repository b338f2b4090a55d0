package events

import (
	"encoding/json"
	"os"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/uptimer/uptimer/internal/unhurried"
	"github.com/uptimer/uptimer/schemas"
)

func TestMain(m *testing.M) { unhurried.Main(m) }

// chosen are the types that the tests with exact messages know. They are those of the shipped schemas, but a new
// schema file is not among them, so that it changes no test here. In the order of Titles.
var chosen = []string{"DummyEvent", "Event", "HTTPProbeEvent", "ICMPProbeEvent", "ProbeEvent", "TCPProbeEvent"}

// chosenFiles are the schema files of the chosen types; the map is the caller's.
func chosenFiles() (fstest.MapFS, error) {
	files := fstest.MapFS{}
	for _, title := range chosen {
		data, err := schemas.FS.ReadFile(title + ".json")
		if err != nil {
			return nil, err
		}
		files[title+".json"] = &fstest.MapFile{Data: data}
	}
	return files, nil
}

var (
	chosenCatalog = sync.OnceValues(func() (*Catalog, error) {
		files, err := chosenFiles()
		if err != nil {
			return nil, err
		}
		return NewCatalog(files)
	})
	shippedCatalog = sync.OnceValues(func() (*Catalog, error) { return NewCatalog(schemas.FS) })
)

// catalog is the catalog of the chosen types.
func catalog(t testing.TB) *Catalog { return must(t, chosenCatalog) }

// shipped is the catalog of all schemas that are shipped, for what must hold for every type.
func shipped(t testing.TB) *Catalog { return must(t, shippedCatalog) }

func must(t testing.TB, catalog func() (*Catalog, error)) *Catalog {
	t.Helper()
	c, err := catalog()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// examples are the example events of a concrete type.
func examples(t testing.TB, title string) []json.RawMessage {
	t.Helper()
	text, err := schemas.FS.ReadFile(title + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var schema struct{ Examples []json.RawMessage }
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	if len(schema.Examples) < 2 {
		t.Fatalf("%s has %d examples, want several", title, len(schema.Examples))
	}
	return schema.Examples
}

// brokenEvent is an event of testdata/broken.json: the first example of a type with some fields set or removed.
type brokenEvent struct {
	Name          string                     `json:"name"`
	Type          string                     `json:"type"`
	Set           map[string]json.RawMessage `json:"set,omitempty"`
	Remove        []string                   `json:"remove,omitempty"`
	JudgedBy      string                     `json:"judged_by,omitempty"`       // the type whose schema refuses it, if not Type
	ByFormatAlone bool                       `json:"by_format_alone,omitempty"` // only a validator that asserts formats refuses it
	Error         string                     `json:"error"`
}

func brokenEvents(t testing.TB) (list []brokenEvent) {
	t.Helper()
	text, err := os.ReadFile("testdata/broken.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &list); err != nil {
		t.Fatal(err)
	}
	return list
}

// text is the broken event itself.
func (b brokenEvent) text(t testing.TB) []byte {
	t.Helper()
	return changed(t, examples(t, b.Type)[0], b.Set, b.Remove...)
}

// changed is an event with other fields.
func changed(t testing.TB, event []byte, set map[string]json.RawMessage, remove ...string) []byte {
	t.Helper()
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(event, &fields); err != nil {
		t.Fatal(err)
	}
	for name, value := range set {
		fields[name] = value
	}
	for _, name := range remove {
		delete(fields, name)
	}
	text, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
