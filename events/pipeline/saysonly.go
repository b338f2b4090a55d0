package pipeline

import (
	"errors"
	"slices"
)

// saysOnly tells whether each error that err joins Is one of known. errors.Is would be satisfied with one of them,
// and what it was joined with would be forgotten.
func saysOnly(err error, known []error) bool {
	switch e := err.(type) { //nolint:errorlint // it is the walk through what is wrapped
	case interface{ Unwrap() []error }:
		parts := e.Unwrap()
		return len(parts) > 0 && !slices.ContainsFunc(parts, func(part error) bool { return !saysOnly(part, known) })
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil {
			return saysOnly(inner, known)
		}
	}
	for _, k := range known {
		if errors.Is(err, k) {
			return true
		}
	}
	return false
}

// says tells whether one of the errors that err joins has that text.
func says(err error, text string) bool {
	if joined, ok := err.(interface{ Unwrap() []error }); ok && err.Error() != text {
		return slices.ContainsFunc(joined.Unwrap(), func(part error) bool { return says(part, text) })
	}
	return err != nil && err.Error() == text
}
