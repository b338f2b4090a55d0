//go:build !windows

package stdout

import (
	"errors"
	"syscall"
)

// nobodyReads tells whether a write failed because the other end of the pipe, or of a socket, was closed.
func nobodyReads(err error) bool {
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET)
}
