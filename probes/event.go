package probes

import (
	"encoding/json"
	"net/netip"
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

// probeFields are the fields that ProbeEvent adds to Event.
type probeFields struct {
	Target         string          `json:"target"`
	TargetID       string          `json:"target_id"`
	TargetName     *string         `json:"target_name"`
	Labels         json.RawMessage `json:"labels"`
	Protocol       string          `json:"protocol"`
	Hostname       string          `json:"hostname"`
	Port           *uint16         `json:"port"`
	Path           *string         `json:"path"`
	IP             *netip.Addr     `json:"ip"`
	Location       string          `json:"location"`
	Instance       string          `json:"instance"`
	ScheduledAt    string          `json:"scheduled_at"`
	Up             bool            `json:"up"`
	Reason         Reason          `json:"reason"`
	Error          string          `json:"error"`
	ResponseTimeMS Millis          `json:"response_time_ms"`
	TimingsMS      Timings         `json:"timings_ms"`
}

// NewEvent makes the event of a result. scheduled is when the check was due. An error is a defect of the probe:
// its result does not fit its schema.
func NewEvent(catalog *events.Catalog, where Where, t targets.Target, scheduled time.Time, r Result) (events.Event, error) {
	parts := t.Parts()
	fields := probeFields{
		Target: t.Shown(), TargetID: t.ID.String(), Labels: t.LabelsJSON(),
		Protocol: parts.Scheme, Hostname: parts.Hostname,
		Location: where.Location, Instance: where.Instance,
		ScheduledAt: FormatTime(scheduled), Up: r.Up(), Reason: r.Reason, Error: r.Error,
		ResponseTimeMS: Millis(r.Took), TimingsMS: r.Timings,
	}
	if t.Name != "" {
		fields.TargetName = &t.Name
	}
	if parts.Port != 0 {
		fields.Port = &parts.Port
	}
	if parts.Path != "" {
		fields.Path = &parts.Path
	}
	if r.IP.IsValid() {
		fields.IP = &r.IP
	}
	return catalog.New(r.Title, r.Began, fields, r.Details)
}
