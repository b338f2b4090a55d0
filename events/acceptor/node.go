package acceptor

import (
	"math"
	"slices"
	"strings"
)

// kinds is a set of what a JSON value can be.
type kinds uint8

const (
	null kinds = 1 << iota
	boolean
	text
	whole    // a number without fraction and exponent
	fraction // any other number
	array
	object
	every = null | boolean | text | whole | fraction | array | object
)

// ofType is what the types of JSON Schema are. An integer may be written 1.0 too; then we don't know.
var ofType = map[string]kinds{
	"null": null, "boolean": boolean, "string": text, "integer": whole, "number": whole | fraction, "array": array,
	"object": object,
}

// node is what is asked of the value in one place: all that any schema asks of it there.
type node struct {
	kinds kinds

	choices           []string // texts: it must be one of them; nil if it may be any
	written           []string // the choices as they stand in a document without escapes
	size              int      // texts: in bytes, if the checks take only one size, and no quotes; otherwise 0
	shortest, longest int      // texts: in characters
	checks            []func([]byte) bool
	least, most       float64 // numbers
	bounded           bool    // whether least or most says anything
	fewest, mostItems int     // arrays
	items             *node
	fields            []field // objects
	index             []uint8 // a hash table of the fields: 1 + the position, 0 where there is none
	order             order   // the fields as they came in the last objects
	required          uint64  // the fields that must be there, a bit each
	others            *node   // what fields that are not in the table must be; nil if there may be none
}

// field is a field of an object that the schema names.
type field struct {
	name    string
	opening string // the name as it stands in a document, with its colon
	value   *node
	found   int // where Accept reports its value, -1 if it does not
}

// maxFields is how many fields one object may have in the table.
const maxFields = 64

func newNode() *node {
	return &node{
		kinds: every, longest: math.MaxInt, least: math.Inf(-1), most: math.Inf(1), mostItems: math.MaxInt,
	}
}

// anything is a place where the schema asks for nothing.
func anything() *node {
	n := newNode()
	n.items, n.others = n, n
	return n
}

// choose narrows the texts that the value may be.
func (n *node) choose(among []string) {
	n.kinds &= text
	if n.choices == nil {
		n.choices = slices.Clone(among)
		return
	}
	n.choices = slices.DeleteFunc(n.choices, func(s string) bool { return !slices.Contains(among, s) })
}

// settle holds the choices to all that is asked of a text, so that comparing with them is enough.
func (n *node) settle() {
	if n.choices == nil {
		return
	}
	choices := n.choices
	n.choices = nil // so that plain looks at all else
	choices = slices.DeleteFunc(choices, func(s string) bool { return !n.plain([]byte(s)) })
	n.choices, n.checks, n.size, n.shortest, n.longest = choices, nil, 0, 0, math.MaxInt
	for _, choice := range choices {
		if !strings.Contains(choice, `"`) { // written is for documents without escapes
			n.written = append(n.written, `"`+choice+`"`)
		}
	}
}

// hash puts the fields into a table that is at most a quarter full.
func (n *node) hash() {
	size := 4
	for size < 4*len(n.fields) {
		size *= 2
	}
	n.index = make([]uint8, size)
	for i, f := range n.fields {
		at := slot([]byte(f.name)) & (size - 1)
		for n.index[at] != 0 {
			at = (at + 1) & (size - 1)
		}
		n.index[at] = uint8(i + 1)
	}
}

// find is the position of the field with that name, -1 if it is not in the table.
func (n *node) find(name []byte) int {
	last := len(n.index) - 1
	if last < 0 {
		return -1
	}
	for at := slot(name) & last; ; at = (at + 1) & last {
		i := int(n.index[at]) - 1
		if i < 0 || n.fields[i].name == string(name) {
			return i
		}
	}
}

// slot is where a name is looked for. Names of fields differ in their length, begin, middle or end.
func slot(name []byte) int {
	size := len(name)
	if size == 0 {
		return 0
	}
	return size + int(name[0])*7 + int(name[size/2])*31 + int(name[size-1])*131
}
