package targets

import (
	"encoding/binary"

	"github.com/google/uuid"
)

// idIndex finds where in a list the target of an id stands. Ids are hashes, so a part of one says where to look first;
// a place takes 8 bytes, a fifth of what a map of ids does. The zero value is ready.
type idIndex struct {
	places []uint64 // a power of two; 0: free, else position + 1, below 32 bits of the id
	used   int
}

// find returns the position of an id in the list, or -1.
func (x *idIndex) find(list []Target, id uuid.UUID) int {
	if x.used == 0 {
		return -1
	}
	mark := markOf(id)
	for i := x.first(id); x.places[i] != 0; i = x.next(i) {
		position := int(uint32(x.places[i])) - 1
		if x.places[i]&^(1<<32-1) == mark && list[position].ID == id {
			return position
		}
	}
	return -1
}

// add notes that the last of the list, which is not there yet, has joined it.
func (x *idIndex) add(list []Target) {
	if x.used+1 > len(x.places)/4*3 {
		x.reserve(list[:len(list)-1], 2*len(list))
	}
	x.put(list[len(list)-1].ID, len(list)-1)
	x.used++
}

// reserve makes room for a list to grow to so many.
func (x *idIndex) reserve(list []Target, most int) {
	size := 1024
	for size/4*3 < most {
		size *= 2
	}
	if size <= len(x.places) {
		return
	}
	x.places = make([]uint64, size)
	for i := 0; i < size; i += page {
		x.places[i] = 0
	}
	for i := range list {
		x.put(list[i].ID, i)
	}
}

// page is how many places are in a page of memory. If each is read before it is written to, the kernel takes it twice,
// and interrupts the other processors in between: a tenth of the time that a million targets took to read.
const page = 4096 / 8

func (x *idIndex) put(id uuid.UUID, position int) {
	i := x.first(id)
	for x.places[i] != 0 {
		i = x.next(i)
	}
	x.places[i] = markOf(id) | uint64(position+1)
}

func (x *idIndex) first(id uuid.UUID) int {
	return int(binary.BigEndian.Uint32(id[:4])) & (len(x.places) - 1) // behind these are bits that all ids have in common
}

func (x *idIndex) next(i int) int { return (i + 1) & (len(x.places) - 1) }

// markOf is the bits of an id that are kept beside its place.
func markOf(id uuid.UUID) uint64 { return uint64(binary.BigEndian.Uint32(id[12:])) << 32 }
