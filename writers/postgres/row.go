package postgres

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/uptimer/uptimer/events"
)

// row is an event on its way into a table.
type row struct {
	index int // in the batch
	event events.Event
	probe *probe // nil: it is no check
}

// probe is what probe_events has columns for, and what targets may say instead of the event.
type probe struct {
	targetID     uuid.UUID
	scheduledAt  time.Time
	up           bool
	reason       string
	error        string
	responseTime float64
	statusCode   pgtype.Int4
	ip           pgtype.Text
	location     string
	instance     string
	target       description
	labels       pgtype.Text // JSON, for the table targets; the details have them too
	details      []detail    // fields without a column
}

// detail is a field as the event has it: its name in quotes, and its value.
type detail struct{ name, value []byte }

// description is what an event says of its target. It can be compared.
type description struct {
	target, protocol, hostname pgtype.Text
	port                       pgtype.Int4
	path, name                 pgtype.Text
}

// newRow takes an event apart. An error means that PostgreSQL cannot hold it. Here is found what would be costly to
// find there, where a page is tried again in halves until the event is alone.
func newRow(index int, e events.Event) (*row, error) {
	if hasNUL(e.JSON()) {
		return nil, fmt.Errorf("%s has a NUL character (\\u0000), which PostgreSQL cannot hold", fieldWithNUL(e.JSON()))
	}
	r := &row{index: index, event: e}
	if !e.Is("ProbeEvent") {
		return r, nil
	}
	p := &probe{details: make([]detail, 0, 16)}
	r.probe = p
	var wrong error
	eachField(e.JSON(), func(quoted, value []byte) {
		name := quoted[1 : len(quoted)-1]
		if bytes.IndexByte(name, '\\') >= 0 {
			name = []byte(text(quoted))
		}
		if !p.take(name, value, &wrong) {
			p.details = append(p.details, detail{quoted, value})
		}
	})
	return r, wrong
}

// take puts a field into its column, and tells whether there is one that holds it.
func (p *probe) take(name, value []byte, wrong *error) bool {
	switch string(name) {
	case "uuid", "event_time", "schema_title", "schema_version": // the event knows them
		return true
	case "target_id":
		p.targetID = must(wrong, name, value, uuid.Parse)
	case "scheduled_at":
		p.scheduledAt = must(wrong, name, value, func(s string) (time.Time, error) { return time.Parse(events.TimeLayout, s) })
	case "response_time_ms":
		v, err := strconv.ParseFloat(string(value), 64)
		if err != nil {
			*wrong = fmt.Errorf("%s is %s, want a number", name, value)
		}
		p.responseTime = v
	case "up":
		p.up = string(value) == "true"
	case "reason":
		p.reason = text(value)
	case "error":
		p.error = text(value)
	case "location":
		p.location = text(value)
	case "instance":
		p.instance = text(value)
	case "labels": // a list may change those in targets: what they were then is in the details
		p.labels = pgtype.Text{String: string(value), Valid: true}
		return false
	case "ip":
		return optional(value, &p.ip)
	case "status_code":
		return integer(value, &p.statusCode)
	default:
		return p.target.take(name, value)
	}
	return true
}

// take takes note of what an event says of its target, and tells whether that can be noted.
func (d *description) take(name, value []byte) bool {
	switch string(name) {
	case "target":
		return optional(value, &d.target)
	case "protocol":
		return optional(value, &d.protocol)
	case "hostname":
		return optional(value, &d.hostname)
	case "port":
		return integer(value, &d.port)
	case "path":
		return optional(value, &d.path)
	case "target_name":
		return optional(value, &d.name)
	}
	return false
}

// must reads a field that the schema says every check has.
func must[T any](wrong *error, name, value []byte, parse func(string) (T, error)) T {
	v, err := parse(text(value))
	if err != nil {
		*wrong = fmt.Errorf("%s is %s, which cannot be read: %w", name, value, err)
	}
	return v
}

// optional reads a text or null. Another type's field may have the name and be something else.
func optional(value []byte, to *pgtype.Text) bool {
	switch value[0] {
	case '"':
		*to = pgtype.Text{String: text(value), Valid: true}
	case 'n':
		*to = pgtype.Text{}
	default:
		return false
	}
	return true
}

// integer reads a whole number, also one that is written 2e2, or null.
func integer(value []byte, to *pgtype.Int4) bool {
	if value[0] == 'n' {
		*to = pgtype.Int4{}
		return true
	}
	v, err := strconv.ParseFloat(string(value), 64)
	if err != nil || v != math.Trunc(v) || v < math.MinInt32 || v > math.MaxInt32 {
		return false
	}
	*to = pgtype.Int4{Int32: int32(v), Valid: true}
	return true
}

// document is the details as JSON: what has no column, and what the event says of its target but the table targets
// does not. The fields are in jsonb's own order, because PostgreSQL takes half as long again for those that it has to
// sort.
func (p *probe) document(known description) string {
	list := slices.Clone(p.details) // a page that is tried again asks again
	if p.target != known {
		d := p.target
		list = appendText(list, "target", d.target, known.target)
		list = appendText(list, "protocol", d.protocol, known.protocol)
		list = appendText(list, "hostname", d.hostname, known.hostname)
		list = appendText(list, "path", d.path, known.path)
		list = appendText(list, "target_name", d.name, known.name)
		if d.port != known.port {
			list = appendJSON(list, "port", d.port)
		}
	}
	slices.SortFunc(list, func(a, b detail) int { return cmp.Or(len(a.name)-len(b.name), bytes.Compare(a.name, b.name)) })
	size := len("{}")
	for _, d := range list {
		size += len(d.name) + len(":") + len(d.value) + len(",")
	}
	var object strings.Builder
	object.Grow(size)
	object.WriteByte('{')
	for i, d := range list {
		if i > 0 {
			object.WriteByte(',')
		}
		object.Write(d.name)
		object.WriteByte(':')
		object.Write(d.value)
	}
	object.WriteByte('}')
	return object.String()
}

func appendText(list []detail, name string, said, known pgtype.Text) []detail {
	if said == known {
		return list
	}
	return appendJSON(list, name, said)
}

func appendJSON(list []detail, name string, v any) []detail {
	quoted := []byte(`"` + name + `"`)
	if slices.ContainsFunc(list, func(d detail) bool { return bytes.Equal(d.name, quoted) }) {
		return list // another type's field, which is something else
	}
	value, _ := json.Marshal(v) // a text or a number always can be
	return append(list, detail{quoted, value})
}
