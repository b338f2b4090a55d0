package targets

// charset is a set of bytes, looked up instead of searched for: each line of a list and each check goes over a URL.
type charset [256]bool

// alphanumericAnd is ASCII letters, digits, and those in others.
func alphanumericAnd(others string) *charset {
	var s charset
	for c := range len(s) {
		s[c] = isAlphanumeric(byte(c))
	}
	for i := range len(others) {
		s[others[i]] = true
	}
	return &s
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
