package http

import (
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/uptimer/uptimer/internal/setting"
	"github.com/uptimer/uptimer/probes"
)

// clean is the text of an error of Go's parsers, which may repeat what a server sent.
func clean(err error) string {
	text := strings.TrimPrefix(err.Error(), "http: ")
	if strings.ContainsFunc(text, func(r rune) bool { return r == utf8.RuneError || !strconv.IsPrint(r) }) {
		return probes.Quote([]byte(text))
	}
	if len(text) > 3*probes.MaxQuoted {
		return strings.ToValidUTF8(text[:3*probes.MaxQuoted], "") + "…"
	}
	return text
}

// shortURL is a URL for an error.
func shortURL(at place) string {
	text := at.String()
	if len(text) > 3*probes.MaxQuoted {
		return text[:3*probes.MaxQuoted] + "…"
	}
	return text
}

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
