package events

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
)

// FieldsAppender is a part of an event that writes its fields itself, cheaper than encoding/json would. AppendFields
// appends them to the buffer and returns it, each as a comma, its quoted name, a colon and its value in JSON:
//
//	,"port":443,"path":"/health"
//
// It keeps nothing of the buffer. AppendText writes texts. What it writes is checked as all else is.
type FieldsAppender interface {
	AppendFields(to []byte) []byte
}

// New makes an event of the concrete type title that tells of something that began at the given time (kept to the
// microsecond). It mints the event's id and writes the fields that every event has; each part adds its fields: it is
// a FieldsAppender, or marshals to a JSON object. The event is checked as one from outside is: an error is a defect of
// whoever calls.
func (c *Catalog) New(title string, at time.Time, parts ...any) (Event, error) {
	t, err := c.typeOf(title)
	if err != nil {
		return Event{}, fmt.Errorf("making an event: %w", err)
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Event{}, fmt.Errorf("making an event: minting its id: %w", err)
	}
	s := scratches.Get().(*scratch)
	defer s.release()
	s.begin(t, id, at)
	for i, part := range parts {
		if err := s.add(part); err != nil {
			return Event{}, fmt.Errorf("making an event: %s: part %d: %w", title, i+1, err)
		}
	}
	s.WriteByte('}')
	return c.made(t, id, at, s.Bytes())
}

// made is the event that New has written.
func (c *Catalog) made(t *eventType, id uuid.UUID, at time.Time, data []byte) (Event, error) {
	if e, ok := t.acceptOwn(data, id, at); ok {
		if !c.second.chooses(id) {
			return e, nil
		}
		return c.hear(e, data)
	}
	if err := checkText(data); err != nil {
		return Event{}, fmt.Errorf("making an event: %s: %w", t.title, err)
	}
	e, err := c.check(data)
	if err != nil {
		return Event{}, fmt.Errorf("making an event: %w", err)
	}
	return e, nil
}

// scratch is where an event is put together. An event gets a copy: nobody knows how long it will live, and the copy
// is no longer than it must be.
type scratch struct {
	bytes.Buffer
	parts *json.Encoder // writes into the buffer
}

var scratches = sync.Pool{New: func() any {
	s := new(scratch)
	s.parts = json.NewEncoder(s)
	s.parts.SetEscapeHTML(false)
	return s
}}

// maxKept is how large a buffer is kept for the next event.
const maxKept = 64 << 10

func (s *scratch) release() {
	if s.Cap() <= maxKept {
		s.Reset()
		scratches.Put(s)
	}
}

// begin writes what every event has, and leaves the object open.
func (s *scratch) begin(t *eventType, id uuid.UUID, at time.Time) {
	to := append(s.AvailableBuffer(), `{"schema_title":"`...)
	to = append(append(to, t.title...), `","schema_version":"`...)
	to = append(append(to, t.newest().text...), `","uuid":"`...)
	to = append(AppendUUID(to, id), `","event_time":"`...)
	s.Write(append(AppendTime(to, at), '"'))
}

// AppendUUID writes an id as its String does, without making one and without quotes.
func AppendUUID(to []byte, id uuid.UUID) []byte {
	to = hex.AppendEncode(to, id[:4])
	for _, group := range [][2]int{{4, 6}, {6, 8}, {8, 10}, {10, 16}} {
		to = hex.AppendEncode(append(to, '-'), id[group[0]:group[1]])
	}
	return to
}

// add writes the fields of a part.
func (s *scratch) add(part any) error {
	if part, ok := part.(FieldsAppender); ok {
		s.Write(part.AppendFields(s.AvailableBuffer()))
		return nil
	}
	start := s.Len()
	if err := s.parts.Encode(part); err != nil {
		return err
	}
	fields := bytes.TrimSuffix(s.Bytes()[start:], []byte{'\n'})
	if fields[0] != '{' {
		return fmt.Errorf("%T is no JSON object", part)
	}
	if len(fields) == len("{}") {
		s.Truncate(start)
		return nil
	}
	fields[0] = ','
	s.Truncate(start + len(fields) - 1)
	return nil
}
