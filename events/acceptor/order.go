package acceptor

import "sync/atomic"

// order guesses which field of an object comes next: the one that came there in the last object in which the guess was
// wrong. Who writes many objects writes their fields in one order, and a guess costs less than finding the end of a name
// and its place in the table. A guess is only ever where to look first; a name that must be escaped is never found, and so
// never guessed.
type order []atomic.Uint32 // 1 + the field's position, 0 if nothing is known; by 1 + that of the field before, 0 for the first

// after is the position of the field that may come after another, -1 if nothing is known. before is -1 for the first.
func (o order) after(before int) int { return int(o[before+1].Load()) - 1 }

// learn notes that one field came after another.
func (o order) learn(before, next int) { o[before+1].Store(uint32(next) + 1) }
