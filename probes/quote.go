package probes

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// MaxQuoted bounds how many bytes of what a server sent stand in an error.
const MaxQuoted = 64

// Quote quotes the beginning of what a server sent, so that it can be printed whatever it is. It ends in … if that
// is not all.
func Quote(sent []byte) string {
	if len(sent) > MaxQuoted {
		return strconv.QuoteToASCII(string(sent[:MaxQuoted])) + "…"
	}
	return strconv.QuoteToASCII(string(sent))
}

// Printable is a text that holds what a server sent, such as a library's error: as it is if it can be printed, or else
// quoted. It ends in … if that is not all.
func Printable(text string) string {
	if strings.ContainsFunc(text, func(r rune) bool { return r == utf8.RuneError || !strconv.IsPrint(r) }) {
		return Quote([]byte(text))
	}
	if len(text) > maxPrinted {
		return strings.ToValidUTF8(text[:maxPrinted], "") + "…"
	}
	return text
}

// maxPrinted bounds a text that can be printed.
const maxPrinted = 3 * MaxQuoted
