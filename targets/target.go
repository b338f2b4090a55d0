// Package targets is what is to be probed and where the list comes from: the environment, CSV and YAML files. It
// finds each target's id, and all mistakes of a list at once.
package targets

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Target is one thing to be probed. It is small, comparable and never changes.
type Target struct {
	ID       uuid.UUID
	URL      string        // with scheme and without fragment; it may hold user and password, see Shown
	Name     string        // empty: none
	Interval time.Duration // from one check to the next; negative: once. Always set
	Timeout  time.Duration // for a whole check, cut to nine tenths of the interval. Always set
	Options  *Options      // shared by all targets with the same options; never nil
	Origin   *Origin       // the list that it stands in, shared
	Line     int32         // in the list, from 1; in a variable its position in the list, 0 if it stands alone or in a table
}

// Options is what a target may say about its check beside where and when. A text that is empty is unset: the
// variable of the environment that stands for it, or the probe's default, is in force. The texts are as the user
// wrote them; each probe reads those that are its own in Prepare. Options is comparable.
type Options struct {
	Regex           string
	Method          string // see ParseMethod
	Body            string
	Headers         string // "Name: value" lines, each ended by \n, in the order given; see ParseHeaders
	ExpectedStatus  string // see ParseStatusSet
	TLSVerify       string
	FollowRedirects string
	KeepAlive       string
	IPFamily        string
	Send            string // escapes such as \r\n as written; see Unescape
	Expect          string
	TLS             string
	Count           string // see ParsePacketCount
	MaxLoss         string // see ParsePercent
	Labels          string // a JSON object of strings with sorted keys
}

// Origin is one list of targets.
type Origin struct {
	Name string // for people: the file as it was named, "standard input", or the variable

	variable bool // its targets are counted by position, not by line
	table    bool // its targets are found by their id
}

// The protocols, which are the schemes of URLs too, but for https: that is HTTP.
const (
	HTTP = "http"
	TCP  = "tcp"
	ICMP = "icmp"
)

// LabelsJSON is the labels as a JSON object, nil if there are none.
func (t Target) LabelsJSON() json.RawMessage {
	if t.Options.Labels == "" {
		return nil
	}
	return json.RawMessage(t.Options.Labels)
}

// Where is the place of one of the target's fields, for a setting.Mistake: "sites.csv:12: regex", or the variable
// that it came from: "PROBE_URLS[3]", counted from 1. An empty field means the target as a whole.
func (t Target) Where(field string) string {
	switch {
	case t.Origin == nil:
		return field
	case t.Origin.table:
		return t.Origin.whereRow(t.ID, t.Shown(), field)
	}
	return t.Origin.where(t.Line, field)
}

// where names a place in the list.
func (o *Origin) where(line int32, field string) string {
	place := fmt.Sprintf("%s:%d", o.Name, line)
	switch {
	case o.variable && field == "regex":
		return "PROBE_REGEXES"
	case o.variable && line == 0:
		place = o.Name
	case o.variable:
		place = fmt.Sprintf("%s[%d]", o.Name, line)
	}
	if field == "" || o.variable && field == "url" {
		return place
	}
	return place + ": " + field
}

// whereRow names a place in a table.
func (o *Origin) whereRow(id uuid.UUID, url, field string) string {
	place := fmt.Sprintf("%s: %s", o.Name, id)
	if url != "" && field != "url" {
		place += fmt.Sprintf(" (%s)", cut(url))
	}
	if field == "" {
		return place
	}
	return place + ": " + field
}

// cut shortens a text that only helps to find a place.
func cut(text string) string {
	const most = 100
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// SameCheck tells whether the other target is checked in the same way: all is equal but where they stand. A
// list that was read again holds targets on other lines; those that are the SameCheck have not changed.
func (t Target) SameCheck(other Target) bool {
	t.Origin, t.Line = other.Origin, other.Line
	return t == other || t.Options != nil && other.Options != nil && *t.Options == *other.Options && t.withOptions(other.Options) == other
}

func (t Target) withOptions(o *Options) Target {
	t.Options = o
	return t
}
