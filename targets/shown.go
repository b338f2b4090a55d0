package targets

import "strings"

// Shown is the URL as people and events may see it: without user and password.
func (t Target) Shown() string {
	scheme, rest, found := strings.Cut(t.URL, "://")
	if !found {
		return hideUser(t.URL)
	}
	authority := rest
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		authority = rest[:end]
	}
	at := strings.LastIndexByte(authority, '@')
	if at < 0 {
		return t.URL
	}
	return scheme + "://" + rest[at+1:]
}

// hideUser takes out whatever may be user and password of a URL that could not be read: all up to the last @,
// because a password that was not escaped may hold any character.
func hideUser(text string) string {
	at := strings.LastIndexByte(text, '@')
	if at < 0 {
		return text
	}
	scheme, _, found := strings.Cut(text, "://")
	if !found || !isScheme(strings.ToLower(scheme)) {
		return "xxxxx" + text[at:]
	}
	return scheme + "://xxxxx" + text[at:]
}

func isScheme(text string) bool {
	return text != "" && strings.Trim(text, "abcdefghijklmnopqrstuvwxyz0123456789+.-") == ""
}
