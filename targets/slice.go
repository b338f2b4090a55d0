package targets

import (
	"encoding/binary"

	"github.com/google/uuid"
)

// Slice tells which part of a divided list a target belongs to: the last 8 bytes of its id, as a number, modulo the
// number of parts, which is not zero. It depends on nothing else in the list.
func Slice(id uuid.UUID, parts uint64) uint64 {
	return binary.BigEndian.Uint64(id[8:]) % parts
}
