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

// AppendFields writes them as events.FieldsAppender says.
func (d Details) AppendFields(to []byte) []byte {
	to = probes.AppendText(append(to, `,"method":`...), d.Method)
	to = probes.AppendOptional(append(to, `,"status_code":`...), d.StatusCode, probes.AppendInt)
	to = probes.AppendOptional(append(to, `,"http_version":`...), d.HTTPVersion, probes.AppendText)
	to = probes.AppendText(append(to, `,"regex":`...), d.Regex)
	to = probes.AppendOptional(append(to, `,"matches_regex":`...), d.MatchesRegex, strconv.AppendBool)
	to = probes.AppendOptional(append(to, `,"body_bytes":`...), d.BodyBytes, probes.AppendInt)
	to = probes.AppendInt(append(to, `,"redirects":`...), d.Redirects)
	to = probes.AppendOptional(append(to, `,"final_url":`...), d.FinalURL, probes.AppendText)
	return d.AppendTLS(to)
}

// answered notes the head of an answer.
func (d *Details) answered(r *http.Response) {
	version := "1.1"
	if r.ProtoMajor != 1 || r.ProtoMinor != 1 {
		version = strconv.Itoa(r.ProtoMajor) + "." + strconv.Itoa(r.ProtoMinor)
	}
	status := r.StatusCode // not &r.StatusCode, which would keep the whole answer
	d.StatusCode, d.HTTPVersion = &status, &version
}

// nextHop forgets what was seen of the hop before: the event tells of the last one.
func (d *Details) nextHop(url string) {
	*d = Details{Method: d.Method, Regex: d.Regex, Redirects: d.Redirects + 1, FinalURL: &url}
}
