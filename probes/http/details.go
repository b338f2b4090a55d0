package http

import (
	"net/http"
	"strconv"

	"github.com/uptimer/uptimer/probes"
)

// Details are the fields that HTTPProbeEvent adds to ProbeEvent. A nil pointer is null: not known, or there is
// no such thing.
type Details struct {
	Method       string  `json:"method"`      // of the target; redirects may have changed it
	StatusCode   *int    `json:"status_code"` // of the last hop
	HTTPVersion  *string `json:"http_version"`
	Regex        string  `json:"regex"`
	MatchesRegex *bool   `json:"matches_regex"`
	BodyBytes    *int64  `json:"body_bytes"` // decoded bytes that were read
	Redirects    int     `json:"redirects"`  // that were followed
	FinalURL     *string `json:"final_url"`  // without user and password; nil if no redirect was followed
	probes.TLSDetails
}

// answered notes the head of an answer.
func (d *Details) answered(r *http.Response) {
	version := strconv.Itoa(r.ProtoMajor) + "." + strconv.Itoa(r.ProtoMinor)
	status := r.StatusCode // not &r.StatusCode, which would keep the whole answer
	d.StatusCode, d.HTTPVersion = &status, &version
}

// nextHop forgets what was seen of the hop before: the event tells of the last one.
func (d *Details) nextHop(url string) {
	*d = Details{Method: d.Method, Regex: d.Regex, Redirects: d.Redirects + 1, FinalURL: &url}
}
