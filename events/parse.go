package events

import (
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/santhosh-tekuri/jsonschema/v5"
)

// TimeLayout is how events write times: UTC, six digits.
const TimeLayout = "2006-01-02T15:04:05.000000Z"

// Parse reads an event that comes from outside. It is one only if it is UTF-8, at most 1 MiB, at most 32 levels
// deep, without duplicate keys, its numbers fit a float64 and have at most 32 characters, and its schema accepts
// it. Fields that the schema does not know are refused, but kept in a newer minor version than those that the
// schema is for. The error says what is wrong, the same on every run. Parse keeps nothing of data.
func (c *Catalog) Parse(data []byte) (Event, error) {
	if e, ok := c.accept(data); ok {
		return e, nil
	}
	return c.judged(data)
}

// judged is Parse without the fast path: what it says of data is what holds.
func (c *Catalog) judged(data []byte) (Event, error) {
	if err := checkText(data); err != nil {
		return Event{}, fmt.Errorf("no event: %w", err)
	}
	return c.check(data)
}

// check makes an event of data, which must have passed checkText, and keeps nothing of it.
func (c *Catalog) check(data []byte) (Event, error) {
	doc, err := decode(data)
	if err != nil {
		return Event{}, fmt.Errorf("no event: %w", err)
	}
	title, ok := doc["schema_title"].(string)
	if !ok {
		return Event{}, fmt.Errorf("no event: schema_title %s, want %s", found(doc, "schema_title"), c.choice())
	}
	t, err := c.typeOf(title)
	if err != nil {
		return Event{}, fmt.Errorf("no event: %w", err)
	}
	e, err := t.event(doc)
	if err != nil {
		return Event{}, fmt.Errorf("%s: %w", t.title, err)
	}
	if e.json, err = oneLine(data); err != nil {
		return Event{}, fmt.Errorf("%s: %w", t.title, err)
	}
	return e, nil
}

// event makes an event of its decoded fields, all but its JSON.
func (t *eventType) event(doc map[string]any) (Event, error) {
	text, ok := doc["schema_version"].(string)
	if !ok {
		return Event{}, fmt.Errorf("schema_version %s, want %s", found(doc, "schema_version"), shown(t.newest().text))
	}
	v, newer, err := t.reading(text)
	if err != nil {
		return Event{}, err
	}
	schema := t.known
	if newer {
		schema = t.newer
	}
	if err := t.judge(schema, doc); err != nil {
		return Event{}, err
	}
	e := Event{title: t.title, ancestry: t.ancestry, version: v.text}
	id, _ := doc["uuid"].(string)
	if e.id, err = uuid.Parse(id); err != nil {
		return Event{}, fmt.Errorf("uuid %s, want a UUID", found(doc, "uuid"))
	}
	at, _ := doc["event_time"].(string)
	if e.time, err = time.Parse(TimeLayout, at); err != nil {
		return Event{}, fmt.Errorf("event_time %s, want a time such as %q", found(doc, "event_time"), TimeLayout)
	}
	e.key, _ = doc["target_id"].(string)
	return e, nil
}

// judge asks the schema. The validator can panic on what it does not expect; that is no valid event either.
func (t *eventType) judge(schema *jsonschema.Schema, doc map[string]any) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("no valid event: the validator broke down: %v", r)
		}
	}()
	err = schema.Validate(doc)
	var invalid *jsonschema.ValidationError
	if errors.As(err, &invalid) {
		return t.explain(invalid, doc)
	}
	return err
}
