package targets

// charset is a set of bytes, looked up instead of searched for: each line of a list and each check goes over a URL.
type charset [256]bool

// charsetOf is the bytes of a text.
func charsetOf(text string) *charset {
	var s charset
	for i := range len(text) {
		s[text[i]] = true
	}
	return &s
}

// alphanumericAnd is ASCII letters, digits, and those in others.
func alphanumericAnd(others string) *charset {
	s := charsetOf(others)
	for c := range len(s) {
		s[c] = s[c] || isAlphanumeric(byte(c))
	}
	return s
}

// lacks finds the first byte of a text that is not in the set; -1: none.
func (s *charset) lacks(text string) int {
	for i := range len(text) {
		if !s[text[i]] {
			return i
		}
	}
	return -1
}

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
