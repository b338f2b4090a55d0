package probes

import (
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/targets"
)

// FormatTime writes a time as events do.
func FormatTime(t time.Time) string { return t.UTC().Format(events.TimeLayout) }

// Where says where and by whom checks are made.
type Where struct {
	Location string
	Instance string
}

// probeFields are the fields that ProbeEvent adds to Event. It writes them itself: encoding/json would take as long as
// all else that it takes to make an event.
type probeFields struct {
	where     Where
	target    targets.Target
	parts     targets.Parts
	scheduled time.Time
	result    Result
}

// fieldsPool keeps them from one event to the next.
var fieldsPool = sync.Pool{New: func() any { return new(probeFields) }}

// AppendFields writes the fields in the order of the schema.
func (f *probeFields) AppendFields(to []byte) []byte {
	t, parts, r := &f.target, &f.parts, &f.result
	to = events.AppendText(append(to, `,"target":`...), t.Shown())
	to = events.AppendUUID(append(to, `,"target_id":"`...), t.ID)
	to = appendTextOrNull(append(to, `","target_name":`...), t.Name)
	to = appendJSONOrNull(append(to, `,"labels":`...), t.LabelsJSON())
	to = events.AppendText(append(to, `,"protocol":`...), parts.Scheme)
	to = events.AppendText(append(to, `,"hostname":`...), parts.Hostname)
	to = appendPort(append(to, `,"port":`...), parts.Port)
	to = appendTextOrNull(append(to, `,"path":`...), parts.Path)
	to = appendIP(append(to, `,"ip":`...), r.IP)
	to = events.AppendText(append(to, `,"location":`...), f.where.Location)
	to = events.AppendText(append(to, `,"instance":`...), f.where.Instance)
	to = events.AppendTime(append(to, `,"scheduled_at":"`...), f.scheduled)
	to = strconv.AppendBool(append(to, `","up":`...), r.Up())
	to = events.AppendText(append(to, `,"reason":`...), string(r.Reason))
	to = events.AppendText(append(to, `,"error":`...), r.Error)
	to = AppendMillis(append(to, `,"response_time_ms":`...), r.Took)
	return r.Timings.appendJSON(append(to, `,"timings_ms":`...))
}

// NewEvent makes the event of a result. scheduled is when the check was due. An error is a defect of the probe:
// its result does not fit its schema.
func NewEvent(catalog *events.Catalog, where Where, t targets.Target, scheduled time.Time, r Result) (events.Event, error) {
	fields := fieldsPool.Get().(*probeFields)
	*fields = probeFields{where: where, target: t, parts: t.Parts(), scheduled: scheduled, result: r}
	e, err := catalog.New(r.Title, r.Began, fields, r.Details)
	*fields = probeFields{} // keeps nothing alive
	fieldsPool.Put(fields)
	return e, err
}

// appendTextOrNull writes a text, null if it is empty.
func appendTextOrNull(to []byte, text string) []byte {
	if text == "" {
		return append(to, "null"...)
	}
	return events.AppendText(to, text)
}

// appendJSONOrNull writes what is JSON already, null if there is none.
func appendJSONOrNull(to []byte, text []byte) []byte {
	if text == nil {
		return append(to, "null"...)
	}
	return append(to, text...)
}

// appendPort writes a port, null if it is 0.
func appendPort(to []byte, port uint16) []byte {
	if port == 0 {
		return append(to, "null"...)
	}
	return strconv.AppendUint(to, uint64(port), 10)
}

// appendIP writes an address, null if it is the zero Addr. A zone may hold any character.
func appendIP(to []byte, ip netip.Addr) []byte {
	switch {
	case !ip.IsValid():
		return append(to, "null"...)
	case ip.Zone() != "":
		return events.AppendText(to, ip.String())
	}
	return append(ip.AppendTo(append(to, '"')), '"')
}

// AppendOptional writes a value, or null if it is nil, for the Details of a probe.
func AppendOptional[T any](to []byte, value *T, write func([]byte, T) []byte) []byte {
	if value == nil {
		return append(to, "null"...)
	}
	return write(to, *value)
}

// AppendText writes a text as JSON, for the Details of a probe.
func AppendText(to []byte, text string) []byte { return events.AppendText(to, text) }

// AppendInt writes a number, for AppendOptional.
func AppendInt[T int | int64](to []byte, n T) []byte { return strconv.AppendInt(to, int64(n), 10) }
