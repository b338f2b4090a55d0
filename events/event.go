package events

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/google/uuid"
)

// Event is one fact, checked against its schema. Events are made by Catalog.New and Catalog.Parse only, so an
// Event is valid because it exists. It never changes and its bytes are never reused, so it may be shared freely
// between goroutines.
type Event struct {
	title    string
	ancestry []string // the titles that its schema extends, shared by all events of the type
	version  string
	id       uuid.UUID
	time     time.Time
	key      string
	json     []byte
}

// Title is the name of the event's schema, such as HTTPProbeEvent. It is always a concrete type.
func (e Event) Title() string { return e.title }

// Version is the event's schema_version, major.minor.
func (e Event) Version() string { return e.version }

// ID is the event's uuid (version 7), minted once: every copy of the event carries it.
func (e Event) ID() uuid.UUID { return e.id }

// Time is when what the event tells of began: UTC, to the microsecond.
func (e Event) Time() time.Time { return e.time }

// Key is the id of the target that the event is about, as text, or empty if it is about none. Events with the
// same key are kept in order.
func (e Event) Key() string { return e.key }

// JSON is the event as it is written, made once: one line, no trailing line break. Do not modify it.
func (e Event) JSON() []byte { return e.json }

// Size is how many bytes the event takes in a buffer, roughly.
func (e Event) Size() int { return len(e.json) + eventOverhead }

// eventOverhead is what an Event holds beside its JSON.
const eventOverhead = 192

// Is tells whether the event is of the type with that title, or of one that extends it: every HTTPProbeEvent
// also Is("ProbeEvent").
func (e Event) Is(title string) bool {
	return title == e.title || slices.Contains(e.ancestry, title)
}

// Decode puts the event's fields into what v points to, as json.Unmarshal does.
func (e Event) Decode(v any) error { return json.Unmarshal(e.json, v) }
