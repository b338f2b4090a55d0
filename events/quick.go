package events

import (
	"bytes"
	"time"

	"github.com/google/uuid"

	"github.com/uptimer/uptimer/events/acceptor"
)

// What an event itself knows of its fields, in the order in which the acceptors report them.
const (
	foundTitle = iota
	foundVersion
	foundID
	foundTime
	foundKey
	foundCount
)

// newAcceptor makes the fast path of a type. It has none if it asks for something that has no quick form; the error
// says for what.
func (t *eventType) newAcceptor() {
	limits := acceptor.Limits{Depth: maxDepth, Number: maxDigit}
	t.quick, t.slow = acceptor.Compile(t.known, limits, "schema_title", "schema_version", "uuid", "event_time", "target_id")
}

// accept makes an event of data, and keeps nothing of it, if it can be told quickly that it is one. False means "don't
// know": it is for check to say what data is.
func (c *Catalog) accept(data []byte) (Event, bool) {
	t := c.types[string(likelyTitle(data))]
	if t == nil {
		return Event{}, false
	}
	var found [foundCount][]byte
	e, ok := t.accept(data, &found)
	if !ok {
		return Event{}, false
	}
	var errID, errTime error
	e.id, errID = uuid.ParseBytes(found[foundID])
	e.time, errTime = time.Parse(TimeLayout, string(found[foundTime]))
	return e, errID == nil && errTime == nil
}

// acceptOwn is accept for an event that New has written, with that id and time: as no key is there twice, they need not
// be read again, which would take a sixth of the time that New takes.
func (t *eventType) acceptOwn(data []byte, id uuid.UUID, at time.Time) (Event, bool) {
	var found [foundCount][]byte
	e, ok := t.accept(data, &found)
	e.id, e.time = id, at.UTC().Truncate(time.Microsecond)
	return e, ok
}

// accept makes an event of the type, all but its id and time.
func (t *eventType) accept(data []byte, found *[foundCount][]byte) (e Event, ok bool) {
	if len(data) > MaxBytes || t.quick == nil || !t.quick.Accept(data, found[:]) || string(found[foundTitle]) != t.title {
		return e, false
	}
	e = Event{title: t.title, ancestry: t.ancestry, key: string(found[foundKey])}
	for _, v := range t.versions {
		if v.text == string(found[foundVersion]) {
			e.version = v.text
		}
	}
	var err error
	e.json, err = oneLine(data)
	return e, e.version != "" && err == nil
}

// likelyTitle is what stands behind the first "schema_title", wherever that is: the acceptor of that type looks
// whether it is the event's.
func likelyTitle(data []byte) []byte {
	const name = `"schema_title"`
	at := bytes.Index(data, []byte(name))
	if at < 0 {
		return nil
	}
	rest := bytes.TrimLeft(data[at+len(name):], " \t\r\n")
	rest, colon := bytes.CutPrefix(rest, []byte{':'})
	rest, quote := bytes.CutPrefix(bytes.TrimLeft(rest, " \t\r\n"), []byte{'"'})
	end := bytes.IndexByte(rest, '"')
	if !colon || !quote || end < 0 {
		return nil
	}
	return rest[:end]
}
