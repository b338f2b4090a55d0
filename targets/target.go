// Package targets is what is to be probed and where the list comes from: the environment, CSV and YAML files. It
// finds each target's id, and all mistakes of a list at once.
package targets

import (
	"encoding/json"
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
	Line     int32         // in the list, from 1; in an environment variable its position in the list
}

// Options is what a target may say about its check beside where and when. A text that is empty is unset: the
// variable of the environment that stands for it, or the probe's default, is in force. The texts are as the user
// wrote them; each probe reads those that are its own in Prepare. Options is comparable.
type Options struct {
	Regex           string
	Method          string
	Body            string
	Headers         string // "Name: value" lines, each ended by \n, in the order given
	ExpectedStatus  string
	TLSVerify       string
	FollowRedirects string
	KeepAlive       string
	IPFamily        string
	Send            string // escapes such as \r\n as written
	Expect          string
	TLS             string
	Count           string
	MaxLoss         string
	Labels          string // a JSON object of strings with sorted keys
}

// Origin is one list of targets.
type Origin struct {
	Name string // for people: the file as it was named, "standard input", or the variable
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
