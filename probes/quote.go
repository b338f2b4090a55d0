package probes

import "strconv"

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
