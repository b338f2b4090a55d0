package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/fatih/color"
)

// facts are the rows below the headline of a check.
func (l look) facts(v view) (rows []row) {
	add := func(label string, paint []color.Attribute, facts ...string) {
		facts = present(facts)
		if len(facts) > 0 {
			rows = append(rows, row{label, strings.Join(facts, l.dot()), paint})
		}
	}
	if !v.Up {
		add("error", nil, l.plain(v.Error))
		add("hint", nil, hint(v))
	}
	add("address", nil, l.plain(v.address()), l.spoken(v))
	add("redirects", nil, l.redirects(v))
	certificate, urgent := v.certificate()
	if certificate != "" {
		add("certificate", urgent, certificate, l.text(v.TLSVersion))
	} else {
		add("tls", nil, l.text(v.TLSVersion))
	}
	add("body", nil, v.body(), l.regex(v))
	add("answer", nil, v.expected())
	add("packets", nil, v.packets())
	add("round trip", nil, l.roundTrip(v)...)
	add("checked", nil, when(v.EventTime), l.place(v))
	return rows
}

// present leaves out what is not known.
func present(facts []string) (known []string) {
	for _, f := range facts {
		if f != "" {
			known = append(known, f)
		}
	}
	return known
}

func (l look) text(s *string) string {
	if s == nil {
		return ""
	}
	return l.plain(*s)
}

// spoken is the version of HTTP, with the method where it is not the usual one.
func (l look) spoken(v view) string {
	if v.HTTPVersion == nil {
		return ""
	}
	text := "HTTP/" + l.plain(*v.HTTPVersion)
	if method := l.text(v.Method); method != "" && method != "GET" {
		text += " " + method
	}
	return text
}

func (l look) redirects(v view) string {
	if v.Redirects == nil || *v.Redirects == 0 {
		return ""
	}
	text := strconv.Itoa(*v.Redirects)
	if v.FinalURL != nil {
		text += ", to " + l.plain(*v.FinalURL)
	}
	return text
}

// The days before it expires in which a certificate is shown in yellow, and in red.
const (
	expiresSoon     = 30
	expiresVerySoon = 7
)

// certificate says when the certificate expires, seen from the check, and how urgent that is.
func (v view) certificate() (text string, urgent []color.Attribute) {
	if v.CertificateExpiresAt == nil {
		return "", nil
	}
	expires, err := time.Parse(time.RFC3339, *v.CertificateExpiresAt)
	checked, wrong := time.Parse(time.RFC3339, v.EventTime)
	if err != nil || wrong != nil {
		return "", nil
	}
	left := expires.Sub(checked)
	switch {
	case left < 0:
		return fmt.Sprintf("expired %s, %s ago", when(*v.CertificateExpiresAt), span(-left)), []color.Attribute{color.FgRed}
	case left < expiresVerySoon*24*time.Hour:
		urgent = []color.Attribute{color.FgRed}
	case left < expiresSoon*24*time.Hour:
		urgent = []color.Attribute{color.FgYellow}
	}
	return fmt.Sprintf("expires %s, in %s", when(*v.CertificateExpiresAt), span(left)), urgent
}

// span is a time in whole days, or below two days in hours.
func span(d time.Duration) string {
	hours := int(d.Hours())
	switch {
	case hours == 1:
		return "1 hour"
	case hours < 48:
		return fmt.Sprintf("%d hours", hours)
	}
	return fmt.Sprintf("%d days", hours/24)
}

// when is a time for people: UTC, to the second.
func when(text string) string {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}

func (l look) place(v view) string {
	if v.Location == "" {
		return ""
	}
	return "from " + l.plain(v.Location)
}

// body is how much of the answer was read.
func (v view) body() string {
	switch {
	case v.BodyBytes == nil:
		return ""
	case *v.BodyBytes == 1:
		return "1 byte"
	}
	return strconv.FormatInt(*v.BodyBytes, 10) + " bytes"
}

// maxRegex is how much of a regular expression is repeated.
const maxRegex = 60

func (l look) regex(v view) string {
	if v.Regex == nil || *v.Regex == "" || v.StatusCode == nil {
		return ""
	}
	said := []rune(l.plain(*v.Regex))
	if len(said) > maxRegex {
		said = append(said[:maxRegex], []rune("...")...)
	}
	switch {
	case v.MatchesRegex == nil:
		return "not compared with " + string(said)
	case *v.MatchesRegex:
		return "matches " + string(said)
	}
	return "does not match " + string(said)
}

// expected is whether a TCP server sent what it should.
func (v view) expected() string {
	switch {
	case v.MatchesExpect == nil:
		return ""
	case *v.MatchesExpect:
		return "as expected"
	}
	return "not as expected"
}

// packets is how many echo requests were sent and answered.
func (v view) packets() string {
	if v.PacketsSent == nil || v.PacketsReceived == nil {
		return ""
	}
	text := fmt.Sprintf("%d sent, %d received", *v.PacketsSent, *v.PacketsReceived)
	if lost := *v.PacketsSent - *v.PacketsReceived; *v.PacketsSent > 0 && lost > 0 {
		text += fmt.Sprintf(", %d%% lost", lost*100/(*v.PacketsSent))
	}
	return text
}

func (l look) roundTrip(v view) (facts []string) {
	for _, r := range []struct {
		name string
		ms   *float64
	}{{"min", v.RTTMinMS}, {"avg", v.RTTAvgMS}, {"max", v.RTTMaxMS}, {"stddev", v.RTTStddevMS}} {
		if r.ms != nil {
			facts = append(facts, r.name+" "+l.millis(v, *r.ms)+" ms")
		}
	}
	return facts
}
