package http

import (
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxShown bounds how much of what a server sent stands in an error.
const maxShown = 64

// beginning quotes the start of what a server sent, so that it can be printed whatever it is.
func beginning(sent []byte) string {
	if len(sent) > maxShown {
		return strconv.QuoteToASCII(string(sent[:maxShown])) + "…"
	}
	return strconv.QuoteToASCII(string(sent))
}

// clean is the text of an error of Go's parsers, which may repeat what a server sent.
func clean(err error) string {
	text := strings.TrimPrefix(err.Error(), "http: ")
	if strings.ContainsFunc(text, func(r rune) bool { return r == utf8.RuneError || !strconv.IsPrint(r) }) {
		return beginning([]byte(text))
	}
	if len(text) > 3*maxShown {
		return strings.ToValidUTF8(text[:3*maxShown], "") + "…"
	}
	return text
}

// shortURL is a URL for an error.
func shortURL(at place) string {
	text := at.String()
	if len(text) > 3*maxShown {
		return text[:3*maxShown] + "…"
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
		return "xxxxx" + text[at:]
	}
	return scheme + "://xxxxx" + text[at:]
}
