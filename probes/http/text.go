package http

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/uptimer/uptimer/internal/setting"
	"github.com/uptimer/uptimer/probes"
)

// clean is the text of an error of Go's parsers, which may repeat what a server sent.
func clean(err error) string { return probes.Printable(strings.TrimPrefix(err.Error(), "http: ")) }

// shortURL is a URL for an error.
func shortURL(at place) string { return probes.Printable(at.String()) }

// statusText is the status with its usual name: the name that the server sent could be anything.
func statusText(code int) string {
	return strings.TrimSuffix(strconv.Itoa(code)+" "+http.StatusText(code), " ")
}

// withoutPassword takes all that could be user and password out of a text that was to be a URL and need not be one:
// everything before the last @.
func withoutPassword(text string) string {
	at := strings.LastIndexByte(text, '@')
	if at < 0 {
		return text
	}
	scheme, _, found := strings.Cut(text[:at], "://")
	if !found {
		return setting.HiddenUser + text[at:]
	}
	return scheme + "://" + setting.HiddenUser + text[at:]
}
