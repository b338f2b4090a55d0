package events

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// New makes an event of the concrete type title that tells of something that began at the given time (kept to the
// microsecond). It mints the event's id and writes the fields that every event has; each part marshals to a JSON
// object and adds its fields. The event is checked as one from outside is: an error is a defect of whoever calls.
func (c *Catalog) New(title string, at time.Time, parts ...any) (Event, error) {
	t, err := c.typeOf(title)
	if err != nil {
		return Event{}, fmt.Errorf("making an event: %w", err)
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Event{}, fmt.Errorf("making an event: minting its id: %w", err)
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, `{"schema_title":%q,"schema_version":%q,"uuid":%q,"event_time":%q`,
		t.title, t.newest().text, id, at.UTC().Format(TimeLayout))
	for i, part := range parts {
		if err := appendFields(&out, part); err != nil {
			return Event{}, fmt.Errorf("making an event: %s: part %d: %w", title, i+1, err)
		}
	}
	out.WriteByte('}')
	if err := checkText(out.Bytes()); err != nil {
		return Event{}, fmt.Errorf("making an event: %s: %w", title, err)
	}
	e, err := c.check(bytes.Clone(out.Bytes()))
	if err != nil {
		return Event{}, fmt.Errorf("making an event: %w", err)
	}
	return e, nil
}

// appendFields adds the fields of a part to an object that is not closed yet.
func appendFields(out *bytes.Buffer, part any) error {
	start := out.Len()
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(part); err != nil {
		return err
	}
	fields := bytes.TrimSuffix(out.Bytes()[start:], []byte{'\n'})
	if fields[0] != '{' {
		return fmt.Errorf("%T is no JSON object", part)
	}
	if len(fields) == len("{}") {
		out.Truncate(start)
		return nil
	}
	fields[0] = ','
	out.Truncate(start + len(fields) - 1)
	return nil
}
