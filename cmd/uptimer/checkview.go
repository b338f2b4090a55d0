package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"

	"github.com/uptimer/uptimer/events"
)

// view is what the picture shows of an event. It knows no protocol: what an event does not have is not shown.
type view struct {
	EventTime      string             `json:"event_time"`
	Target         string             `json:"target"`
	Port           *int               `json:"port"`
	IP             *string            `json:"ip"`
	Location       string             `json:"location"`
	Up             bool               `json:"up"`
	Reason         string             `json:"reason"`
	Error          string             `json:"error"`
	ResponseTimeMS float64            `json:"response_time_ms"`
	TimingsMS      map[string]float64 `json:"timings_ms"`

	details
}

// details are the fields that only some types of events have.
type details struct {
	Method               *string  `json:"method"`
	StatusCode           *int     `json:"status_code"`
	HTTPVersion          *string  `json:"http_version"`
	Regex                *string  `json:"regex"`
	MatchesRegex         *bool    `json:"matches_regex"`
	BodyBytes            *int64   `json:"body_bytes"`
	Redirects            *int     `json:"redirects"`
	FinalURL             *string  `json:"final_url"`
	TLSVersion           *string  `json:"tls_version"`
	CertificateExpiresAt *string  `json:"certificate_expires_at"`
	MatchesExpect        *bool    `json:"matches_expect"`
	PacketsSent          *int     `json:"packets_sent"`
	PacketsReceived      *int     `json:"packets_received"`
	RTTMinMS             *float64 `json:"rtt_min_ms"`
	RTTAvgMS             *float64 `json:"rtt_avg_ms"`
	RTTMaxMS             *float64 `json:"rtt_max_ms"`
	RTTStddevMS          *float64 `json:"rtt_stddev_ms"`
}

// viewOf reads an event of any type that extends ProbeEvent.
func viewOf(e events.Event) (view, error) {
	if !e.Is("ProbeEvent") {
		return view{}, fmt.Errorf("an event of type %s, want one that extends ProbeEvent", e.Title())
	}
	var v view
	err := e.Decode(&v)
	// A type that is not known may have a field of another kind under a name that is: all others are read.
	var otherKind *json.UnmarshalTypeError
	if err != nil && !errors.As(err, &otherKind) {
		return view{}, err
	}
	return v, nil
}

// address is the address that was really used, with its port if there is one.
func (v view) address() string {
	if v.IP == nil {
		return ""
	}
	port := v.port()
	if port == "" {
		return *v.IP
	}
	return net.JoinHostPort(*v.IP, port)
}

// port is the one that was connected to last: after redirects it is that of the final URL.
func (v view) port() string {
	if v.FinalURL != nil {
		u, err := url.Parse(*v.FinalURL)
		switch {
		case err != nil:
			return ""
		case u.Port() != "":
			return u.Port()
		case u.Scheme == "http":
			return "80"
		}
		return "443"
	}
	if v.Port == nil {
		return ""
	}
	return strconv.Itoa(*v.Port)
}

// status is the status code with its usual name.
func (v view) status() string {
	if v.StatusCode == nil || *v.StatusCode == 0 {
		return ""
	}
	text := strconv.Itoa(*v.StatusCode)
	if name := http.StatusText(*v.StatusCode); name != "" {
		text += " " + name
	}
	return text
}
